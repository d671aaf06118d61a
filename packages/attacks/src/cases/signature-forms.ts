import { inGroup } from "../attack.ts";
import { judge } from "../verdict.ts";
import { picture, withHeaders, withoutHeaders } from "./requests.ts";

const CHECK = "apps/server/src/access/check-signature.ts";
const PARSE = "packages/signing/src/verify.ts";
const post = { method: "POST", path: "/image/async", body: picture } as const;
const WINDOW = "Math.abs(Number(timestamp) - nowMs)";

/** Signatures out of their time, and headers in forms that were not agreed on. */
export const formAttacks = inGroup("signatures", [
  {
    name: "a signature older than its window is used",
    async attack({ victim, send }) {
      const timestampMs = Date.now() - 6 * 60_000;
      return judge([["six minutes old", await send(await victim.sign({ ...post, timestampMs }))]], [401]);
    },
    defence: { file: PARSE, find: WINDOW, replace: "(nowMs - Number(timestamp) > 0 ? 0 : Number(timestamp) - nowMs)" },
  },
  {
    name: "a signature is dated ahead, to be good for longer",
    async attack({ victim, send }) {
      const timestampMs = Date.now() + 6 * 60_000;
      return judge([["six minutes ahead", await send(await victim.sign({ ...post, timestampMs }))]], [401]);
    },
    defence: { file: PARSE, find: WINDOW, replace: "(nowMs - Number(timestamp))" },
  },
  {
    name: "one moment is written in many ways, to sign it more than once",
    async attack({ victim, send }) {
      const timestampMs = Date.now() + 0.5;
      return judge([["half a millisecond", await send(await victim.sign({ ...post, timestampMs }))]], [401]);
    },
    defence: { file: PARSE, find: 'if (!/^\\d{13}$/.test(timestamp)) return refuse("bad_timestamp");', replace: "" },
  },
  {
    name: "a nonce is so short that it can be met again",
    async attack({ victim, send }) {
      return judge([["one character", await send(await victim.sign({ ...post, nonce: "1" }))]], [401]);
    },
    defence: {
      file: PARSE,
      find: 'if (!/^[\\w-]{16,128}$/.test(nonce)) return refuse("malformed_nonce");',
      replace: "",
    },
  },
  {
    name: "a version that does not exist is taken for the weakest",
    async attack({ victim, send }) {
      const first = await victim.sign({ ...post, version: 1 });
      const second = await victim.sign(post);
      return judge(
        [
          ["version 3", await send(withHeaders(first, { "x-signature-version": "3" }))],
          ["versions 1, 1", await send(withHeaders(first, { "x-signature-version": ["1", "1"] }))],
          ["the second without its version", await send(withoutHeaders(second, "x-signature-version"))],
        ],
        [401],
      );
    },
    defence: {
      file: PARSE,
      find: 'if (version !== "2") return refuse("unknown_version");',
      replace: 'if (version !== "2") return { ok: true, headers: { version: 1, keyId, timestamp, signature } };',
    },
  },
  {
    name: "the word undefined is signed where there is no body",
    async attack({ victim, send }) {
      const path = `/api/v1/jobs/${await victim.queueImage()}/ticket`;
      const wire = await victim.sign({ method: "POST", path, version: 1, signedAs: { body: "undefined" } });
      return judge([["undefined", await send(wire)]], [401]);
    },
    defence: {
      file: "apps/server/src/access/verify-signature.ts",
      find: 'return wrong(timingSafeEqualHex(word, signature) ? "signedTheWordUndefined" : "badSignature");',
      replace: 'return timingSafeEqualHex(word, signature) ? { ok: true } : wrong("badSignature");',
    },
  },
  {
    name: "a header of the signature is sent twice",
    async attack({ victim, thief, send }) {
      const wire = await victim.sign({ ...post, version: 1 });
      return judge([["two keys", await send(withHeaders(wire, { "x-api-key": [victim.key, thief.key] }))]], [401]);
    },
    defence: {
      file: "apps/server/src/access/authenticate.ts",
      find: "const key = await keys.find(text, options);",
      replace: 'const key = await keys.find(text.split(", ")[0], options);',
    },
  },
  {
    name: "a signed body comes packed",
    async attack({ victim, send }) {
      const wire = await victim.sign(post);
      return judge([["gzip", await send(withHeaders(wire, { "content-encoding": "gzip" }))]], [415]);
    },
    defence: {
      file: CHECK,
      find: 'if (encoding === "" || encoding === "identity") return;',
      replace: "return;",
    },
  },
]);
