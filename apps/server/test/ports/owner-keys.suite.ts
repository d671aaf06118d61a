import { type Scope, type TierLimits, tiers } from "@comfy/contracts";
import { sql } from "kysely";
import { describe, expect, it } from "vitest";
import { createAuthenticate } from "../../src/access/authenticate.ts";
import type { Caller } from "../../src/access/caller.ts";
import { createEnvironmentKeyRing } from "../../src/access/environment-keys.ts";
import { createKeyUses } from "../../src/access/key-uses.ts";
import { createKeyVerbs } from "../../src/access/manage-keys.ts";
import { createKeyRings, createStoredKeyRing } from "../../src/access/stored-keys.ts";
import { createKeyStore } from "../../src/adapters/database/api-keys.ts";
import { createJobStore } from "../../src/adapters/database/job-store.ts";
import { systemClock as clock } from "../../src/clock.ts";
import { createPrepareJob } from "../../src/jobs/prepare-job.ts";
import { createRecordingLog } from "../recording-log.ts";
import { testSealer as sealer } from "../sealer.ts";
import { secretOf } from "./key-set-up.ts";
import type { GetDatabase } from "./set-up.ts";

interface Environment {
  readonly keys?: readonly string[];
  readonly admins?: readonly string[];
  readonly limits?: Readonly<Record<string, Partial<TierLimits>>>;
}

const SECRET = "a secret of sixteen characters";
const KEY = "pro_of-the-owner";
const entries = [`ops:${KEY}`, "other:pro_of-another"];

const prepareJob = createPrepareJob({
  ...{ clock, jobDeadlineMs: 60_000, isDraining: () => false, randomSeed: () => 7 },
  checkEligibility: async () => ({ ok: true }),
  resolveReference: async () => ({ type: "url" }),
  assertUrlAllowed() {},
});

/** What the keys of an owner of the environment promise, those of the environment and those that it made. */
export function ownerKeysSuite(getDatabase: GetDatabase): void {
  /** A process that was started with this environment. */
  function start({ keys: texts = entries, ...environment }: Environment = {}) {
    const { db } = getDatabase();
    const store = createKeyStore(db);
    const log = createRecordingLog();
    const uses = createKeyUses({ store, clock, log, gatherMs: 60_000 });
    const environmentKeys = createEnvironmentKeyRing({ keys: texts, secret: SECRET, ...environment });
    const { rankOf } = environmentKeys;
    const keys = createKeyRings([environmentKeys, createStoredKeyRing({ store, sealer, clock, uses, rankOf })]);
    const authenticate = createAuthenticate({ keys, clock });
    const callerOf = async (headers: Readonly<Record<string, string>>): Promise<Caller> => {
      const request = { method: "GET", target: "/jobs/image/1", headers, body: new Uint8Array() };
      return (await authenticate.byKey(request)).caller;
    };
    return {
      ...{ uses, lines: log.lines },
      byKey: (key: string) => callerOf({ "x-api-key": key }),
      byToken: (token: string) => callerOf({ authorization: `Bearer ${token}` }),
      verbs: createKeyVerbs({ store, sealer, clock }),
    };
  }

  async function makeToken(
    process: ReturnType<typeof start>,
    wish: { tier?: "basic"; scopes?: readonly Scope[] } = {},
  ) {
    const made = await process.verbs.createKey(
      await process.byKey(KEY),
      { name: "a key", mode: "bearer", ...wish },
      {},
    );
    return { id: made.record.id, token: secretOf(made) };
  }

  describe("a key that an owner of the environment made", () => {
    it("operates nothing any more once its owner was taken out of ADMIN_KEYS", async () => {
      const before = start({ admins: ["ops"] });
      const { token } = await makeToken(before, { scopes: ["read", "admin"] });
      expect((await before.byToken(token)).scopes).toEqual(["read", "admin"]);
      expect((await start({ admins: ["other"] }).byToken(token)).scopes).toEqual(["read"]);
    });

    it("operates nothing and counts as the least once its owner was taken out of the environment", async () => {
      const { token } = await makeToken(start({ admins: ["ops"] }), { scopes: ["read", "admin"] });
      const left = await start({ keys: ["other:pro_of-another"] }).byToken(token);
      expect(left).toMatchObject({ tier: "free", scopes: ["read"], limits: tiers.free });
    });

    it("of a lower tier is held by what its owner was given by name, and not lifted by it", async () => {
      const limits = { ops: { generationsPerDay: 20, requestsPerMinute: 5, requestsPerHour: 5_000 } };
      const process = start({ limits });
      const { token } = await makeToken(process, { tier: "basic" });
      const { generationsPerDay, requestsPerMinute, requestsPerHour } = (await process.byToken(token)).limits;
      expect({ generationsPerDay, requestsPerMinute, requestsPerHour }).toEqual({
        ...limits.ops,
        requestsPerHour: tiers.basic.requestsPerHour,
      });
    });

    it("has its last use written where keys of the environment are at work as well", async () => {
      const process = start();
      const { id, token } = await makeToken(process);
      await process.byKey(KEY);
      await process.byToken(token);
      await process.uses.stop();
      const { rows } =
        await sql`select from comfy.api_keys where id = ${id}::uuid and last_used_at is not null`.execute(
          getDatabase().db,
        );
      expect(rows).toHaveLength(1);
      expect(process.lines.map(({ message }) => message)).toEqual([]);
    });
  });

  describe("the keys of one owner, of several tiers", () => {
    async function accept(caller: Caller) {
      const input = { prompt: "a fox" };
      const request = { caller, kind: "image", input, isUploadedToCloud: false, requestId: "request" } as const;
      const acceptance = await prepareJob({ ...request, signal: AbortSignal.timeout(10_000) });
      return (await createJobStore(getDatabase().db).accept(acceptance)).type;
    }

    async function readQueue() {
      const { rows } = await sql`select concurrent_jobs, weight from comfy.owner_queue`.execute(getDatabase().db);
      return rows;
    }

    it("leave the jobs at once and the share of the queue to the owner, whichever of them is at work", async () => {
      const process = start({ keys: [...entries, "ops:free_of-the-owner"] });
      const made = await makeToken(process, { tier: "basic" });
      const callers = [
        await process.byKey(KEY),
        await process.byToken(made.token),
        await process.byKey("free_of-the-owner"),
      ];
      for (const caller of [...callers, ...callers]) {
        expect(await accept(caller)).toBe("accepted");
        expect(await readQueue()).toEqual([{ concurrent_jobs: tiers.pro.concurrentJobs, weight: 4 }]);
      }
      expect(callers.map(({ limits }) => limits.requestsPerMinute)).toEqual([100, 30, 10]);
    });

    it("share the generations a day of the owner: a lower key neither ends them early nor has some of its own", async () => {
      const process = start({ limits: { ops: { generationsPerDay: 12 } } });
      const low = await process.byToken((await makeToken(process, { tier: "basic" })).token);
      const high = await process.byKey(KEY);
      for (let n = 0; n < 6; n++) expect([await accept(low), await accept(high)]).toEqual(["accepted", "accepted"]);
      expect([await accept(low), await accept(high)]).toEqual(["generations_exhausted", "generations_exhausted"]);
    });
  });
}
