/**
 * What a key or a session may be used for. Each is granted on its own: none contains another.
 *
 * - `generate`: make jobs and cancel them.
 * - `read`: read jobs, batches and their results, follow jobs, make tickets for that.
 * - `upload`: bring files and take them away.
 * - `webhooks`: everything about endpoints and their deliveries; saying where one leads takes `read` as well, because results go there.
 * - `keys`: make, list, rotate and revoke keys of the same owner, never with more than the caller has.
 * - `admin`: operate the service.
 */
export const scopes = ["generate", "read", "upload", "webhooks", "keys", "admin"] as const;
export type Scope = (typeof scopes)[number];

/**
 * Who may call a route. Every route of the contract carries one of these words in `metadata.access`;
 * a route without one is refused by the server's guard.
 *
 * - `public`: anyone.
 * - `signed`: who proves it: a signed key by a valid, unused signature over the exact body bytes; a bearer key by its token and a session
 *   by its access token, in `Authorization: Bearer`.
 * - `key`: a known API key suffices; whatever proof comes with it is checked.
 * - `admin`: as `signed`, with the scope `admin`; everybody else is 403.
 * - `link`: the bearer of a signed link that has not expired.
 */
export const accessWords = ["public", "signed", "key", "admin", "link"] as const;
export type Access = (typeof accessWords)[number];

/**
 * Which limit a call spends. `auth` is counted per address, in front of public routes that check passwords or tokens; the others are counted
 * per owner.
 */
export type Bucket = "requests" | "jobReads" | "auth" | "none";

export interface RouteMetadata {
  readonly access: Access;
  readonly bucket: Bucket;
  /** What the caller must be allowed to do. Absent: whoever is proven may. */
  readonly scope?: Scope;
  /**
   * `job`: the signature is spent in the very transaction that makes the job, so that a crash in between costs neither.
   * Absent: the guard spends it before the handler runs.
   */
  readonly claims?: "job";
  /** A single-use ticket for the job of the path, in `?ticket=`, opens it in place of a key: for browsers. */
  readonly takesTicket?: true;
  /** A success is told in this type as well, to whoever prefers it. */
  readonly alternative?: "text/csv";
  /** The body is not held: it is proven and read while it streams by. */
  readonly streams?: true;
  /** OpenAPI grouping. */
  readonly tag: string;
}
