/**
 * Who may call a route. Every route of the contract carries one of these words in `metadata.access`;
 * a route without one is refused by the server's guard.
 *
 * - `public`: anyone.
 * - `signed`: a known API key and a valid, unused signature over the exact body bytes.
 * - `key`: a known API key; a signature is checked when present.
 * - `admin`: as `signed`, by a key that has the scope `admin`; everybody else is 403.
 * - `link`: the bearer of a signed link that has not expired.
 */
export const accessWords = ["public", "signed", "key", "admin", "link"] as const;
export type Access = (typeof accessWords)[number];

/** Which limit a call spends. */
export type Bucket = "requests" | "jobReads" | "none";

export interface RouteMetadata {
  readonly access: Access;
  readonly bucket: Bucket;
  /**
   * `job`: the signature is spent in the very transaction that makes the job, so that a crash in between costs neither.
   * Absent: the guard spends it before the handler runs.
   */
  readonly claims?: "job";
  /** A single-use ticket for the job of the path, in `?ticket=`, opens it in place of a key: for browsers. */
  readonly takesTicket?: true;
  /** OpenAPI grouping. */
  readonly tag: string;
}
