import { setTimeout as sleep } from "node:timers/promises";
import { inGroup } from "../attack.ts";
import { readJson } from "../target/send.ts";
import type { Target } from "../target/target.ts";
import { judge, refused, succeeded } from "../verdict.ts";
import { ask, bearer, register } from "./people.ts";
import { endpoint, picture } from "./requests.ts";

const BOUNDS = "apps/server/src/access/key-bounds.ts";
const KEYS = "apps/server/src/adapters/database/api-keys.ts";
const IS_LIVE = "k.revoked_at is null and (k.expires_at is null or k.expires_at > clock_timestamp())";

interface Made {
  readonly id: string;
  readonly token: string;
}

/** A bearer key that an account of the environment makes. */
async function make({ call }: Target["victim"], wish: object = {}): Promise<Made> {
  const answer = await call("POST", "/api/v1/auth/keys", { name: "of an attack", mode: "bearer", ...wish });
  const { id, token } = readJson(answer);
  if (typeof id !== "string" || typeof token !== "string")
    throw new Error(`No key was made: ${answer.status} ${answer.text}`);
  return { id, token };
}

/** A write, so that nothing is answered from what was read a second ago. */
const write = (target: Target, token: string) => ask(target, "POST", "/api/v1/webhooks", endpoint, bearer(token));
const withWrites = { scopes: ["webhooks", "read", "keys"] };

export const madeKeyAttacks = inGroup("keys", [
  {
    name: "a revoked key goes on",
    async attack(target) {
      const { id, token } = await make(target.victim, withWrites);
      await target.victim.call("DELETE", `/api/v1/auth/keys/${id}`);
      return judge([["afterwards", await write(target, token)]], [401]);
    },
    defence: {
      file: "apps/server/src/adapters/database/key-rows.ts",
      find: IS_LIVE,
      replace: IS_LIVE.replace("k.revoked_at is null and ", ""),
    },
  },
  {
    name: "an expired key goes on",
    async attack(target) {
      const expiresAt = new Date(Date.now() + 1_500).toISOString();
      const { token } = await make(target.victim, { ...withWrites, expiresAt });
      await sleep(2_000);
      return judge([["afterwards", await write(target, token)]], [401]);
    },
    // Looked at by the database, and again when it was remembered.
    defence: [
      { file: "apps/server/src/adapters/database/key-rows.ts", find: IS_LIVE, replace: "k.revoked_at is null" },
      {
        file: "apps/server/src/access/stored-keys.ts",
        find: "return hasExpired ? undefined : key;",
        replace: "return key;",
      },
    ],
  },
  {
    name: "a token that was replaced goes on when its overlap is over",
    async attack(target) {
      const { id, token } = await make(target.victim, withWrites);
      await target.victim.call("POST", `/api/v1/auth/keys/${id}/rotate`, { overlapSeconds: 1 });
      await sleep(1_500);
      return judge([["afterwards", await write(target, token)]], [401]);
    },
    defence: {
      file: KEYS,
      find: "(k.previous_token_hash = ${tokenHash} and k.previous_until > clock_timestamp())",
      replace: "k.previous_token_hash = ${tokenHash}",
    },
  },
  {
    name: "a key that may only read makes pictures",
    async attack(target) {
      const { token } = await make(target.victim, { scopes: ["read"] });
      return judge([["a picture", await ask(target, "POST", "/image/async", picture, bearer(token))]], [403]);
    },
    defence: {
      file: "apps/server/src/http/middleware/admission.ts",
      find: "if (scope === undefined || scopes.includes(scope)) return;",
      replace: "return;",
    },
  },
  {
    name: "a key makes one that may do more",
    async attack(target) {
      const { token } = await make(target.victim, { scopes: ["read", "keys"] });
      const wish = { name: "stronger", mode: "bearer", scopes: ["generate"] };
      return judge([["generate", await ask(target, "POST", "/api/v1/auth/keys", wish, bearer(token))]], [403]);
    },
    defence: { file: BOUNDS, find: "if (missing.length > 0)", replace: "if (false)" },
  },
  {
    name: "a key makes one of a larger tier",
    async attack({ poor }) {
      return judge(
        [["enterprise", await poor.call("POST", "/api/v1/auth/keys", { name: "richer", tier: "enterprise" })]],
        [403],
      );
    },
    defence: { file: BOUNDS, find: "if (lowerTier(tier, powers.tier) !== powers.tier)", replace: "if (false)" },
  },
  {
    name: "a key makes one that outlives it",
    async attack(target) {
      const { token } = await make(target.victim, {
        ...withWrites,
        expiresAt: new Date(Date.now() + 60_000).toISOString(),
      });
      const wish = {
        name: "longer",
        mode: "bearer",
        scopes: ["read"],
        expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
      };
      return judge([["an hour", await ask(target, "POST", "/api/v1/auth/keys", wish, bearer(token))]], [403]);
    },
    defence: {
      file: BOUNDS,
      find: "if (latestMs === undefined || (powers.expiresAtMs ?? Number.POSITIVE_INFINITY) <= latestMs) return;",
      replace: "return;",
    },
  },
  {
    name: "somebody else's key is replaced and revoked",
    async attack({ victim, thief }) {
      const { id } = await make(victim, withWrites);
      return judge(
        [
          ["rotate", await thief.call("POST", `/api/v1/auth/keys/${id}/rotate`, {})],
          ["revoke", await thief.call("DELETE", `/api/v1/auth/keys/${id}`)],
        ],
        [404],
      );
    },
    defence: {
      file: KEYS,
      find: "sql`k.id = ${id}::uuid and k.owner_id = ${toText(ownerId)}`",
      replace: "sql`k.id = ${id}::uuid`",
    },
  },
  {
    name: "a list of keys holds those of others",
    async attack({ victim, thief }) {
      const { id } = await make(victim);
      const { status, text } = await thief.call("GET", "/api/v1/auth/keys?limit=100");
      if (status !== 200) throw new Error(`The list was not given: ${status} ${text}`);
      return text.includes(id) ? succeeded(`the list holds ${id}`) : refused("the list holds nobody else's");
    },
    defence: {
      file: KEYS,
      find: "if (ownerId !== undefined) conditions.push(",
      replace: "if (false) conditions.push(",
    },
  },
  {
    name: "a token of one user lists the jobs of another",
    async attack(target) {
      const [one, other] = [await register(target, "one"), await register(target, "other")];
      const made = await ask(target, "POST", "/image/async", picture, bearer(one.accessToken));
      const { jobId } = readJson(made);
      if (typeof jobId !== "string") throw new Error(`Nothing was queued: ${made.status} ${made.text}`);
      return judge(
        [["read", await ask(target, "GET", `/api/v1/jobs/${jobId}`, undefined, bearer(other.accessToken))]],
        [404],
      );
    },
    defence: {
      file: "apps/server/src/access/verify-session.ts",
      find: "ownerId: ownerOfUser(id),",
      replace: 'ownerId: "user:everybody",',
    },
  },
]);
