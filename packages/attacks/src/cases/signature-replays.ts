import { inGroup } from "../attack.ts";
import { readJson } from "../target/send.ts";
import { judge, refused, succeeded } from "../verdict.ts";
import { endpoint, picture, withHeaders } from "./requests.ts";

/** Nobody has a job of this id. */
const NO_JOB = "019ac1f0-0000-7000-8000-000000000000";
const CHECK = "apps/server/src/access/check-signature.ts";

/** What an attacker has seen on the wire, sent once more. */
export const replayAttacks = inGroup("signatures", [
  {
    name: "a signed job is sent again",
    async attack({ victim, send }) {
      const wire = await victim.sign({ method: "POST", path: "/image/async", body: picture });
      await send(wire);
      const spaced = withHeaders(wire, { "x-signature": `${wire.headers?.["x-signature"]}  ` });
      return judge(
        [
          ["again", await send(wire)],
          ["with spaces behind", await send(spaced)],
        ],
        [401],
      );
    },
    // The process remembers what made a job, and the statement that accepts one spends the signature.
    defence: [
      {
        file: "apps/server/src/http/middleware/replays.ts",
        find: "if (signature && seen.has(signature.hash)) throw toReplayed();",
        replace: "",
      },
      {
        file: "apps/server/src/jobs/submit-job.ts",
        find: "...(signature !== undefined && { signature }),",
        replace: "",
      },
    ],
  },
  {
    name: "a signed write that makes no job is sent again",
    async attack({ victim, send }) {
      const wire = await victim.sign({ method: "POST", path: "/api/v1/webhooks", body: endpoint });
      await send(wire);
      return judge([["again", await send(wire)]], [401]);
    },
    defence: {
      file: "apps/server/src/http/middleware/admission.ts",
      find: "else await assertUnspent(authenticated, spendSignature);",
      replace: "",
    },
  },
  {
    name: "a signature of the first version is used on another path",
    async attack({ victim, send }) {
      const body = { prompt: "a lighthouse", description: "its keeper", width: 256, height: 256 };
      const wire = await victim.sign({ method: "POST", path: "/image/async", body, version: 1 });
      await send(wire);
      return judge([["as a portrait", await send({ ...wire, path: "/portrait/async" })]], [401]);
    },
    defence: {
      file: CHECK,
      find: 'hash: hash("sha256", signature, "hex")',
      replace: 'hash: hash("sha256", signature + arguments[0].target, "hex")',
    },
  },
  {
    name: "a signature of the first version is used with another key",
    async attack({ victim, thief, send }) {
      const wire = await victim.sign({ method: "POST", path: "/image/async", body: picture, version: 1 });
      await send(wire);
      return judge([["as somebody else", await send(withHeaders(wire, { "x-api-key": thief.key }))]], [401]);
    },
    defence: {
      file: CHECK,
      find: 'hash: hash("sha256", signature, "hex")',
      replace: 'hash: hash("sha256", signature + arguments[2].ownerId, "hex")',
    },
  },
  {
    name: "a read that was signed by the first version is sent again",
    async attack({ victim, send }) {
      const wire = await victim.sign({ method: "GET", path: "/api/v1/jobs", version: 1 });
      await send(wire);
      return judge([["again", await send(wire)]], [401]);
    },
    defence: {
      file: CHECK,
      find: "(version === 2 && isRead(method))",
      replace: "isRead(method)",
    },
  },
  {
    name: "a signature of the first version that was seen with a poll opens a write",
    async attack({ victim, send }) {
      const { id } = readJson(await victim.call("POST", "/api/v1/auth/keys", { name: "of an attack" }));
      const poll = await victim.sign({ method: "GET", path: `/jobs/image/${NO_JOB}`, version: 1 });
      await send(poll);
      const rotate = { ...poll, method: "POST", path: `/api/v1/auth/keys/${id}/rotate` };
      return judge([["for another secret of a key", await send(rotate)]], [401]);
    },
    defence: {
      file: "apps/server/src/http/middleware/admission.ts",
      find: "if (isRepeatable) await burn(authenticated);",
      replace: "",
    },
  },
  {
    name: "a signed write is sent ten times at once",
    async attack({ victim, send }) {
      const wire = await victim.sign({ method: "POST", path: "/api/v1/webhooks", body: endpoint });
      const answers = await Promise.all(Array.from({ length: 10 }, () => send(wire)));
      const taken = answers.filter(({ status }) => status === 201).length;
      return taken > 1 ? succeeded(`${taken} of 10 were taken`) : refused(`${taken} of 10 was taken`);
    },
    defence: {
      file: "apps/server/src/adapters/database/signature-ledger.ts",
      find: ".onConflict((conflict) => conflict.doNothing())",
      replace: '.onConflict((conflict) => conflict.column("hash").doUpdateSet({ hash }))',
    },
  },
  {
    name: "a signed write is sent again after a restart",
    stage: { isAlone: true },
    async attack(target) {
      const wire = await target.victim.sign({ method: "POST", path: "/api/v1/webhooks", body: endpoint });
      await target.send(wire);
      await target.restart();
      return judge([["after the restart", await target.send(wire)]], [401]);
    },
    defence: {
      file: "apps/server/src/compose.ts",
      find: "spendSignature: stored.signatures.spend,",
      replace: "spendSignature: ((seen) => async ({ hash }) => !seen.has(hash) && Boolean(seen.add(hash)))(new Set()),",
    },
  },
]);
