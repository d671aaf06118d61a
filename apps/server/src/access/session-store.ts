import type { AuditEntry } from "./audit-log.ts";
import type { User } from "./user.ts";

/** A login that begins. */
export interface NewSession {
  readonly id: string;
  readonly userId: string;
  /** The hash the password was checked against: had it been changed meanwhile, nothing may begin. */
  readonly passwordHash: string;
  /** Of the first refresh token. */
  readonly tokenHash: string;
  readonly ip?: string;
  readonly userAgent?: string;
}

export type RotateOutcome =
  | { readonly type: "rotated"; readonly sessionId: string; readonly user: User }
  /** It was used before. The session has been ended, and the audit log says so. */
  | { readonly type: "reused" }
  /** Never heard of, too old, or of a session that has ended. */
  | { readonly type: "refused" };

/** Why a session ended. */
export type EndReason = "logout" | "reused" | "revoked" | "disabled" | "password";

/** Sessions and their refresh tokens as the database holds them. */
export interface SessionStore {
  /** False when the user was disabled, or given another password, since it was checked. */
  open(session: NewSession, entry: AuditEntry): Promise<boolean>;
  /** The session that a refresh token is of, used or not, ended or not: to count attempts against. */
  findSessionOfToken(tokenHash: string): Promise<string | undefined>;
  /** Uses a token and puts another in its place, in one step: of two who come with the same one, one is refused. */
  rotate(
    tokenHash: string,
    nextHash: string,
    entry: Omit<AuditEntry, "actorId" | "action" | "subject">,
  ): Promise<RotateOutcome>;
  /** The user of a session that goes on. */
  findLive(sessionId: string): Promise<User | undefined>;
  /**
   * Ends the session of a refresh token, used or not, or all of its user's, and says so in the audit log. A token whose session has ended
   * already, or that has expired, ends nothing: it may have leaked long ago.
   */
  endByToken(
    tokenHash: string,
    reach: "session" | "user",
    entry: Omit<AuditEntry, "actorId" | "action" | "subject">,
  ): Promise<{ readonly userId: string } | undefined>;
  /** Ends all sessions of a user. Gives how many there were. */
  endAll(userId: string, reason: EndReason, entry: AuditEntry): Promise<number>;
}
