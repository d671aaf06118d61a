import type { Request } from "express";
import type { Visitor } from "../access/log-in.ts";
import type { Operator } from "../access/user-admin.ts";
import { authenticatedOf, visitOf } from "./visit.ts";

type Asking = Pick<Request, "get" | "ip"> & Parameters<typeof visitOf>[0];

/** Where a request comes from, for throttles and the audit log. */
export function toVisitor(req: Asking): Visitor {
  const userAgent = req.get("user-agent");
  return { ip: req.ip ?? "", requestId: visitOf(req).requestId, ...(userAgent !== undefined && { userAgent }) };
}

/** The same, and who it is. */
export function toOperator(req: Asking): Operator {
  return { ...toVisitor(req), caller: authenticatedOf(req).caller };
}
