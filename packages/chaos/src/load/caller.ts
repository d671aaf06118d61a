import { APIError, ComfyClient, ComfyError, ConflictError, JobLostError } from "@comfy/client";
import type { Journal } from "../evidence/journal.ts";
import type { ClientRecord } from "../evidence/records.ts";
import type { Random } from "../random.ts";
import { keys } from "./accounts.ts";
import { type Errand, toBody } from "./errand.ts";

export interface CallerOptions {
  readonly doorPorts: readonly number[];
  readonly secret: string;
  readonly callbackUrl: string;
  readonly random: Random;
  readonly journal: Journal<ClientRecord>;
  /** Aborts when the run is over, whether or not an answer has come. */
  readonly signal: AbortSignal;
}

/** A frozen process takes connections and says nothing; a load balancer gives up on it after a while and so do we. */
const ANSWER_TIMEOUT_MS = 40_000;
const SUBMIT_TIMEOUT_MS = 10_000;
const TRY_FOR_MS = 180_000;

/** Customers with their keys, each request through whichever door the dice choose. */
export interface Caller {
  /** From the first try to the end of the job. Never rejects. */
  run(errand: Errand): Promise<void>;
  /** Cancels the job that has been waited for longest and that nobody has cancelled yet. */
  cancelOne(): void;
}

export function createCaller(options: CallerOptions): Caller {
  const { random, journal, signal } = options;
  const clients = keys.map(({ key, weight }) => ({ weight, client: createClient(key, options) }));

  async function submit(client: ComfyClient, errand: Errand): Promise<string> {
    const { kind, form, key } = errand;
    const body = toBody(errand, options.callbackUrl);
    const call = { idempotencyKey: key, signal, timeoutMs: TRY_FOR_MS, maxRetries: 40 };
    try {
      const path = form === "sync" ? `/${kind}` : `/${kind}/async`;
      const answer = await client.request<{ jobId?: string; taskId?: string }>("POST", path, body, call);
      const jobId = answer.jobId ?? answer.taskId ?? "";
      journal.write({ event: "accepted", at: Date.now(), jobId, key, form });
      if (form === "sync") journal.write({ event: "ended", at: Date.now(), jobId, status: "complete" });
      return jobId;
    } catch (error) {
      // An answer that names the job is an acceptance too, whatever else it says.
      const jobId = error instanceof APIError ? error.jobId : undefined;
      if (jobId === undefined) throw error;
      journal.write({ event: "accepted", at: Date.now(), jobId, key, form });
      return jobId;
    }
  }

  async function follow(client: ComfyClient, { kind }: Errand, jobId: string): Promise<void> {
    try {
      await client.job(kind, jobId).result({ signal, waitTimeoutMs: 3_600_000 });
      journal.write({ event: "ended", at: Date.now(), jobId, status: "complete" });
    } catch (error) {
      if (error instanceof JobLostError) return journal.write({ event: "unknown", at: Date.now(), jobId });
      if (signal.aborted || !ComfyError.is(error)) throw error;
      const status = error.name === "JobCanceledError" ? "cancelled" : "failed";
      journal.write({ event: "ended", at: Date.now(), jobId, status, code: error.code });
    }
  }

  const waiting = new Map<string, () => Promise<void>>();

  async function cancel(client: ComfyClient, { kind }: Errand, jobId: string): Promise<void> {
    waiting.delete(jobId);
    journal.write({ event: "cancel_asked", at: Date.now(), jobId });
    await client
      .job(kind, jobId)
      .cancel({ signal, timeoutMs: TRY_FOR_MS, maxRetries: 40 })
      .catch((error: unknown) => {
        if (!(error instanceof ConflictError) && !ComfyError.is(error)) throw error;
      });
  }

  async function run(errand: Errand): Promise<void> {
    const { client } = random.weighted(clients);
    try {
      // The same request from two places at once is one job.
      const tries = errand.isDoubled ? [submit(client, errand), submit(client, errand)] : [submit(client, errand)];
      const [jobId] = await Promise.all(tries);
      if (jobId === undefined) return;
      waiting.set(jobId, () => cancel(client, errand, jobId));
      const following = follow(client, errand, jobId).finally(() => waiting.delete(jobId));
      if (errand.cancelAfterMs !== undefined) await pause(errand.cancelAfterMs, signal);
      if (errand.cancelAfterMs !== undefined) await cancel(client, errand, jobId);
      await following;
    } catch (error) {
      const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
      journal.write({ event: "gave_up", at: Date.now(), key: errand.key, reason });
    }
  }

  return {
    run,
    cancelOne: () => void [...waiting.values()][0]?.().catch(() => undefined),
  };
}

function createClient(key: string, { doorPorts, secret, random }: CallerOptions): ComfyClient {
  const doors = random.fork();
  return new ComfyClient({
    baseUrl: "http://127.0.0.1",
    apiKey: key,
    apiSecret: secret,
    logLevel: "off",
    throttle: false,
    fetch: (url, init) => {
      const target = new URL(url);
      target.port = String(doors.pick(doorPorts));
      const isShort = target.pathname.endsWith("/async") || target.pathname.endsWith("/cancel");
      const timeout = AbortSignal.timeout(isShort ? SUBMIT_TIMEOUT_MS : ANSWER_TIMEOUT_MS);
      const signals = init?.signal ? [init.signal, timeout] : [timeout];
      return fetch(target, { ...init, signal: AbortSignal.any(signals) });
    },
  });
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
