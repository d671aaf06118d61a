/** Whom an access token names. */
export interface TokenSubject {
  readonly userId: string;
  readonly sessionId: string;
}

/** Short-lived tokens that say which session a request belongs to, and nothing about what it may do: that is read each time. */
export interface AccessTokens {
  issue(subject: TokenSubject): Promise<{ readonly token: string; readonly ttlMs: number }>;
  /** @throws AppError `token_expired` for one of ours that is too old, `invalid_token` for anything else */
  read(token: string): Promise<TokenSubject>;
}

/** A secret that access tokens are signed with. */
export interface SigningKey {
  /** Stands in the token's `kid`. */
  readonly id: string;
  readonly secret: Uint8Array;
}

/** The secrets of all processes. */
export interface SigningKeys {
  /** The one that signs now; a new one when it has grown old. */
  current(): Promise<SigningKey>;
  /** One that signs now, or did while tokens of it may still be about. The id is a stranger's text. */
  find(id: string): Promise<SigningKey | undefined>;
}
