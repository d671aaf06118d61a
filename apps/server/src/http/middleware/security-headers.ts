import type { RequestHandler } from "express";
import helmet from "helmet";

/** What browsers are told about every answer. Nothing of ours is a page, except the docs, which set a policy of their own. */
export function createSecurityHeaders(): RequestHandler {
  return helmet({
    contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
    // Other hosts of the domain are not ours to decide about.
    strictTransportSecurity: { maxAge: 15_552_000, includeSubDomains: false },
    referrerPolicy: { policy: "no-referrer" },
  });
}
