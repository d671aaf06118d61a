import type { IncomingMessage } from "node:http";
import type { Authenticated } from "../access/caller.ts";

/** What a body is shown to while it streams by. */
export interface StreamWatch {
  /** Whether the headers have proven who is calling; else nothing is proven before the body has settled. */
  readonly isCallerProven: boolean;
  update(chunk: Uint8Array): void;
  /** Once the body has ended: whether it is the one that was signed, and its sender welcome. @throws AppError */
  settle(): Promise<void>;
}

/** What the front door learns about one request on its way in. */
export interface Visit {
  readonly requestId: string;
  readonly startedMs: number;
  /** The very bytes that arrived; empty before they were read. */
  body: Buffer;
  /** Absent on routes that ask nobody who they are. */
  authenticated?: Authenticated;
  /** On routes whose body is not held: nothing of the body may be kept before it has settled. */
  stream?: StreamWatch;
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

/** What the body of a request must be shown to while it streams by. Throws on a route whose body is held. */
export function streamOf(req: IncomingMessage): StreamWatch {
  const { stream } = visitOf(req);
  if (!stream) throw new Error("The route reads a stream, but its contract does not say that it streams.");
  return stream;
}
