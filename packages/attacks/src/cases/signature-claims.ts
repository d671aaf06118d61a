import { inGroup } from "../attack.ts";
import { judge } from "../verdict.ts";
import { picture, withHeaders } from "./requests.ts";

const CHECK = "apps/server/src/access/check-signature.ts";
const VERIFY = "apps/server/src/access/verify-signature.ts";
const VERIFIED = "verifySignatureNow({ ...headers, secret, method, target, body })";

/** The service believes the header `x-claimed` for a part of what was signed: then the signature does not cover that part. */
const uncovered = (parts: string) => ({
  file: CHECK,
  find: VERIFIED,
  replace: `verifySignatureNow({ ...headers, secret, method, target, body, ${parts} })`,
});
/** Callers that claim nothing are taken at their word. */
const orClaimed = (part: string) => `arguments[1].headers["x-claimed"] ?? ${part}`;

/** Signatures that were made for something else than what is sent. */
export const claimAttacks = inGroup("signatures", [
  {
    name: "a signature of the first version is invented",
    async attack({ victim, send }) {
      const wire = await victim.sign({ method: "POST", path: "/image/async", body: picture, version: 1 });
      return judge(
        [
          ["all zeros", await send(withHeaders(wire, { "x-signature": "0".repeat(64) }))],
          ["of another body", await send({ ...wire, body: JSON.stringify({ ...picture, prompt: "another" }) })],
          ["of a stripped body", await send({ ...wire, body: "" })],
        ],
        [401],
      );
    },
    defence: {
      file: VERIFY,
      find: "if (timingSafeEqualHex(expected, signature)) return { ok: true };",
      replace: "return { ok: true };",
    },
  },
  {
    name: "a signature of the second version is invented",
    async attack({ victim, send }) {
      const wire = await victim.sign({ method: "POST", path: "/image/async", body: picture });
      return judge([["all zeros", await send(withHeaders(wire, { "x-signature": "0".repeat(64) }))]], [401]);
    },
    defence: {
      file: VERIFY,
      find: 'if (!timingSafeEqualHex(expected, signature)) return wrong("badSignature");',
      replace: "",
    },
  },
  {
    name: "a signature of the second version is used with another body",
    async attack({ victim, send }) {
      const wire = await victim.sign({ method: "POST", path: "/image/async", body: picture });
      const body = JSON.stringify({ ...picture, prompt: "another picture" });
      return judge([["another body", await send({ ...wire, body })]], [401]);
    },
    defence: {
      file: VERIFY,
      find: 'return timingSafeEqualHex(digest, options.bodySha256) ? { ok: true } : wrong("digestMismatch");',
      replace: "return { ok: true };",
    },
  },
  {
    name: "a signature of the second version is used with another method",
    async attack({ victim, send }) {
      const path = `/api/v1/jobs/${await victim.queueImage()}`;
      const wire = await victim.sign({ method: "DELETE", path, signedAs: { method: "GET" } });
      return judge([["GET as DELETE", await send(withHeaders(wire, { "x-claimed": "GET" }))]], [401, 409]);
    },
    defence: uncovered(`method: ${orClaimed("method")}`),
  },
  {
    name: "a signature of the second version is used on another path",
    async attack({ victim, send }) {
      const signedAs = { path: "/image/async" };
      const wire = await victim.sign({ method: "POST", path: "/portrait/async", body: { description: "x" }, signedAs });
      return judge([["as a portrait", await send(withHeaders(wire, { "x-claimed": signedAs.path }))]], [401]);
    },
    defence: uncovered(`target: ${orClaimed("target")}`),
  },
  {
    name: "a signature of the second version is used with another query",
    async attack({ victim, send }) {
      const wire = await victim.sign({
        method: "GET",
        path: "/api/v1/jobs?limit=99",
        signedAs: { path: "/api/v1/jobs" },
      });
      return judge([["with a query", await send(wire)]], [401]);
    },
    defence: uncovered('target: target.split("?")[0]'),
  },
  {
    name: "a signature of the second version is used with another key of the same secret",
    async attack({ victim, thief, send }) {
      const wire = await victim.sign({ method: "POST", path: "/image/async", body: picture });
      const stolen = { "x-api-key": thief.key, "x-claimed": victim.key };
      return judge([["as somebody else", await send(withHeaders(wire, stolen))]], [401]);
    },
    defence: uncovered(`keyId: ${orClaimed("headers.keyId")}`),
  },
]);
