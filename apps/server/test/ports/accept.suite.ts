import { beforeEach, describe, expect, it } from "vitest";
import { createJobStore } from "../../src/adapters/database/job-store.ts";
import { createSignatureLedger } from "../../src/adapters/database/signature-ledger.ts";
import { createId } from "../../src/ids.ts";
import type { JobStore } from "../../src/jobs/job-store.ts";
import {
  acceptAndClaim,
  acceptOne,
  claimOne,
  createAcceptance,
  failed,
  type GetDatabase,
  readCount,
} from "./set-up.ts";

const idempotency = { surface: "product", key: "key-1", fingerprint: "body-1" } as const;
const createSignature = () => ({ hash: createId(), expiresAtMs: Date.now() + 300_000 });

/** What `accept` promises. */
export function acceptSuite(getDatabase: GetDatabase): void {
  describe("accept", () => {
    let jobs: JobStore;
    beforeEach(() => {
      jobs = createJobStore(getDatabase().db);
    });

    it("gives the job back as it was accepted, and finds it again", async () => {
      const acceptance = createAcceptance({ callbackUrl: "https://example.com/hook", isUploadedToCloud: false });
      const outcome = await jobs.accept(acceptance);
      const job = await jobs.find(acceptance.id);
      expect(outcome).toEqual({ type: "accepted", job });
      expect(job).toMatchObject({
        id: acceptance.id,
        ownerId: "env:owner",
        keyId: "key",
        kind: "portrait",
        state: "pending",
        plan: acceptance.plan,
        seed: 7,
        callbackUrl: "https://example.com/hook",
        isUploadedToCloud: false,
        isAbandonable: true,
        isCancelRequested: false,
        outputs: [],
      });
    });

    it("counts deadlines from the database's clock, whatever the caller's says", async () => {
      const before = Date.now();
      const job = await jobs.find(await acceptOne(jobs, { createdAtMs: 5, deadlineAtMs: 5 + 90_000 }));
      expect(job?.createdAtMs).toBeGreaterThan(before - 60_000);
      expect(Math.abs((job?.deadlineAtMs ?? 0) - (job?.createdAtMs ?? 0) - 90_000)).toBeLessThan(1_000);
    });

    it("replays an idempotency key with the same body: one job, charged once", async () => {
      const acceptance = createAcceptance({ idempotency, generationsPerDay: 1 });
      const first = await jobs.accept(acceptance);
      const second = await jobs.accept({ ...acceptance, id: createId() });
      expect(first).toMatchObject({ type: "accepted", job: { isAbandonable: false } });
      expect(second).toMatchObject({ type: "replayed", job: { id: acceptance.id } });
      expect(await readCount(getDatabase().db, "comfy.jobs")).toBe(1);
    });

    it("refuses an idempotency key with another body", async () => {
      await jobs.accept(createAcceptance({ idempotency }));
      const other = createAcceptance({ idempotency: { ...idempotency, fingerprint: "body-2" } });
      expect(await jobs.accept(other)).toEqual({ type: "idempotency_key_reused" });
      expect(await jobs.find(other.id)).toBeUndefined();
    });

    it("tells what a key made, of whoever has it, and spends the signature of who asks", async () => {
      const signature = createSignature();
      const known = { ownerId: "env:owner", idempotency };
      expect(await jobs.findReplay({ ...known, signature })).toBeUndefined();
      const id = await acceptOne(jobs, { idempotency, signature });
      expect(await jobs.findReplay({ ...known, signature })).toEqual({ type: "signature_replayed" });
      const fresh = createSignature();
      expect(await jobs.findReplay({ ...known, signature: fresh })).toMatchObject({ type: "replayed", job: { id } });
      expect(await jobs.findReplay({ ...known, signature: fresh })).toEqual({ type: "signature_replayed" });
      const other = { ...idempotency, fingerprint: "body-2" };
      expect(await jobs.findReplay({ ...known, idempotency: other })).toEqual({ type: "idempotency_key_reused" });
      expect(await jobs.findReplay({ ...known, ownerId: "env:other" })).toBeUndefined();
    });

    it("keeps the idempotency keys of owners apart", async () => {
      await jobs.accept(createAcceptance({ idempotency }));
      const other = await jobs.accept(createAcceptance({ idempotency, ownerId: "env:other" }));
      expect(other.type).toBe("accepted");
    });

    it("takes idempotency keys of any length", async () => {
      const long = { ...idempotency, key: "k".repeat(20_000) };
      expect((await jobs.accept(createAcceptance({ idempotency: long }))).type).toBe("accepted");
      expect((await jobs.accept(createAcceptance({ idempotency: long }))).type).toBe("replayed");
    });

    it("accepts a signature once, even with another idempotency key", async () => {
      const signature = createSignature();
      expect((await jobs.accept(createAcceptance({ signature }))).type).toBe("accepted");
      expect((await jobs.accept(createAcceptance({ signature, idempotency }))).type).toBe("signature_replayed");
      expect((await jobs.accept(createAcceptance({ signature: createSignature(), idempotency }))).type).toBe(
        "accepted",
      );
    });

    it("shares spent signatures with every other route", async () => {
      const signature = createSignature();
      expect(await createSignatureLedger(getDatabase().db).spend(signature)).toBe(true);
      expect((await jobs.accept(createAcceptance({ signature }))).type).toBe("signature_replayed");
    });

    it("stops at the day's generations and says when the next day begins", async () => {
      await acceptOne(jobs, { generationsPerDay: 2 });
      await acceptOne(jobs, { generationsPerDay: 2 });
      const outcome = await jobs.accept(
        createAcceptance({ generationsPerDay: 2, idempotency, signature: createSignature() }),
      );
      const tomorrow = new Date().setUTCHours(24, 0, 0, 0);
      expect(outcome).toEqual({ type: "generations_exhausted", resetAtMs: tomorrow });
      expect(await readCount(getDatabase().db, "comfy.jobs")).toBe(2);
    });

    it("leaves the idempotency key of a refused request free", async () => {
      const outcome = await jobs.accept(createAcceptance({ generationsPerDay: 0, idempotency }));
      expect(outcome.type).toBe("generations_exhausted");
      expect((await jobs.accept(createAcceptance({ generationsPerDay: 1, idempotency }))).type).toBe("accepted");
    });

    it("gives a generation back when the ending says so", async () => {
      const { job, lease } = await acceptAndClaim(jobs, { generationsPerDay: 1 });
      await jobs.finish({ jobId: job.id, lease, ending: failed, isRefunded: true });
      expect((await jobs.accept(createAcceptance({ generationsPerDay: 1 }))).type).toBe("accepted");
    });

    it("keeps the generation of a job that failed by its own fault", async () => {
      const { job, lease } = await acceptAndClaim(jobs, { generationsPerDay: 1 });
      await jobs.finish({ jobId: job.id, lease, ending: failed, isRefunded: false });
      expect((await jobs.accept(createAcceptance({ generationsPerDay: 1 }))).type).toBe("generations_exhausted");
    });

    it("refuses an input that is not an asset with a sentence, and keeps nothing", async () => {
      const acceptance = createAcceptance({ inputs: { image: createId() }, idempotency });
      await expect(jobs.accept(acceptance)).rejects.toMatchObject({ code: "asset_not_found" });
      expect(await jobs.find(acceptance.id)).toBeUndefined();
      expect(await readCount(getDatabase().db, "comfy.idempotency_keys")).toBe(0);
    });

    it("survives zero characters, lone surrogates and quotes in every text", async () => {
      const text = "a\0b\uD800'\"\\;--\u2028";
      const id = await acceptOne(jobs, {
        ownerId: text,
        keyId: text,
        requestId: text,
        callbackUrl: `https://example.com/${text}`,
        idempotency: { surface: "product", key: text, fingerprint: "f" },
        plan: { ...createAcceptance().plan, variants: [{ id: text, model: text, values: { [text]: text } }] },
      });
      const { job } = await claimOne(jobs);
      expect(job.id).toBe(id);
      // JSON carries even these unharmed; columns of text show U+FFFD instead.
      expect(job.plan.variants[0]?.values).toEqual({ [text]: text });
      expect(job.ownerId).toContain("a\uFFFDb");
    });

    it("keeps a plan of several megabytes and the largest safe seed exactly", async () => {
      const plan = { ...createAcceptance().plan, seed: Number.MAX_SAFE_INTEGER };
      const values = { words: "w".repeat(4_000_000), scale: 0.1, count: 2 ** 53 - 1 };
      const id = await acceptOne(jobs, { plan: { ...plan, variants: [{ id: "v", model: "m", values }] } });
      const job = await jobs.find(id);
      expect(job?.seed).toBe(Number.MAX_SAFE_INTEGER);
      expect(job?.plan.variants[0]?.values).toEqual(values);
    });

    it("finds nothing under texts that are no ids", async () => {
      for (const id of ["", "1", "' or 1=1 --", "a\0", "x".repeat(100_000), "../../etc/passwd"]) {
        expect(await jobs.find(id)).toBeUndefined();
      }
      expect(await jobs.findMany(["nonsense", createId()])).toEqual([]);
    });
  });
}
