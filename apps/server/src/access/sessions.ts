import type { Caller } from "./caller.ts";

/** How exactly a session is looked at. */
export interface VerifyOptions {
  /**
   * The request only reads: what was read of the session within the last second will do. Absent: the row is read, so that a session which
   * ended a moment ago changes nothing any more.
   */
  readonly isRead?: boolean;
}

/** Who came with an access token. */
export interface Sessions {
  /**
   * The user behind an access token; `via` is "session".
   *
   * @throws AppError 401 `token_expired` for one of ours that is too old, `invalid_token` for everything else: a foreign or broken one, and
   * one whose session was ended or whose user was disabled
   */
  verify(jwt: string, options?: VerifyOptions): Promise<Caller>;
  /**
   * Looks at the token alone, not at the session: enough to hold a body for whoever sent it.
   *
   * @throws AppError 401 as {@link Sessions.verify}
   */
  assertGenuine(jwt: string): Promise<void>;
  /**
   * Whether the session of a caller that {@link Sessions.verify} gave is still one: for streams that stay open longer than a token is good
   * for. False for callers who did not come with a session.
   */
  isLive(caller: Caller): Promise<boolean>;
}

/** Whether a bearer token has the form of an access token: two dots, which no API key has. */
export function isJwtShaped(bearer: string): boolean {
  return /^[\w-]+\.[\w-]+\.[\w-]*$/.test(bearer);
}
