import type { IncomingMessage } from "node:http";
import type { Authenticated } from "../access/caller.ts";

/** What the front door learns about one request on its way in. */
export interface Visit {
  readonly requestId: string;
  readonly startedMs: number;
  /** The very bytes that arrived; empty before they were read. */
  body: Buffer;
  /** Absent on routes that ask nobody who they are. */
  authenticated?: Authenticated;
}

// Beside the request rather than on it: its type stays Node's own, and nothing can be forged through a parsed body.
const visits = new WeakMap<IncomingMessage, Visit>();

export function openVisit(req: IncomingMessage, visit: Visit): void {
  visits.set(req, visit);
}

export function visitOf(req: IncomingMessage): Visit {
  const visit = visits.get(req);
  if (!visit) throw new Error("The request came in past the first middleware.");
  return visit;
}

/** Who is calling. Throws on a route whose access word asks nobody: a handler must not guess. */
export function authenticatedOf(req: IncomingMessage): Authenticated {
  const { authenticated } = visitOf(req);
  if (!authenticated) throw new Error("The route needs to know its caller, but its access word asks for nothing.");
  return authenticated;
}
