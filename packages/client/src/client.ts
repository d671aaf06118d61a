import { createNonce } from "@comfy/signing";
import { ServerError } from "./errors.ts";
import { paths, routes } from "./generated/routes.ts";
import type { Asset, Health, Inputs, Kind, QueuedJob, Results } from "./generated/types.ts";
import { Job } from "./job.ts";
import type { WaitOptions } from "./job-events.ts";
import { replaceFiles, toMultipart } from "./media.ts";
import type { CallOptions, ClientOptions, SubmitOptions } from "./options.ts";
import { fieldOf } from "./parsed-body.ts";
import type { RateLimit } from "./rate-limit.ts";
import { type Reply, Transport } from "./transport.ts";

/** What {@link ComfyClient.run} may be told: everything of a submission and of a wait. */
export type RunOptions<Result> = SubmitOptions & WaitOptions<Result>;

/** The data of an answer; `withResponse()` gives the answer as well. */
export interface Answer<Data> extends Promise<Data> {
  withResponse(): Promise<Reply<Data>>;
}

const UPLOAD_TIMEOUT_MS = 300_000;

/** Options with a key that stays the same over all attempts. What a wait understands in them is none of a request's business. */
const withKey = <Options extends CallOptions>(options: Options) => ({
  ...options,
  idempotencyKey: options.idempotencyKey ?? createNonce(),
});

/**
 * The service, as one object. Making it costs nothing and reads nothing.
 *
 * @example
 * const comfy = new ComfyClient(); // COMFYUI_SERVICE_URL, COMFYUI_API_KEY, COMFYUI_API_SECRET
 * const portrait = await comfy.run("portrait", { description: "Viking, braided beard" }, { onProgress: (p) => bar(p.value) });
 * portrait.signedUrl;
 */
export class ComfyClient {
  readonly #transport: Transport;

  constructor(options: ClientOptions = {}) {
    this.#transport = new Transport(options);
  }

  /** The request limit as the service last told it; undefined before the first answer. */
  get rateLimit(): RateLimit | undefined {
    return this.#transport.rateLimit;
  }

  /**
   * Submits and waits. Where a service has its queue switched off, the synchronous endpoint is used instead.
   * Throws what {@link submit} and {@link Job.result} throw.
   */
  async run<K extends Kind>(kind: K, input: Inputs[K], options: RunOptions<Results[K]> = {}): Promise<Results[K]> {
    // One key for both roads: whichever takes the job, it is taken once.
    const keyed = withKey(options);
    const body = await this.#print(input, keyed);
    let job: Job<K>;
    try {
      job = await this.#submit(kind, body, keyed);
    } catch (error) {
      if (!(error instanceof ServerError) || error.code !== "async_disabled") throw error;
      const timeoutMs = options.waitTimeoutMs ?? this.#transport.options.waitTimeoutMs ?? 600_000;
      const call = { ...keyed, timeoutMs, ...routes[kind], body, expect: "success" };
      const { data } = await this.#transport.send<Results[K] & { success?: true }>(call);
      const { success: _, ...result } = data;
      return result as Results[K];
    }
    return job.result(options);
  }

  /** Queues a job and gives its handle. Files in the input are uploaded first. */
  async submit<K extends Kind>(kind: K, input: Inputs[K], options: SubmitOptions = {}): Promise<Job<K>> {
    const keyed = withKey(options);
    return this.#submit(kind, await this.#print(input, keyed), keyed);
  }

  /** The handle of a job made elsewhere or earlier. Sends nothing. */
  job<K extends Kind>(kind: K, id: string): Job<K> {
    return new Job(this.#transport, kind, id);
  }

  /**
   * Any request to the service, signed. `path` starts with `/` and holds the query; `body` is sent as JSON.
   *
   * @example const { data, requestId } = await comfy.request("GET", "/api/v1/usage").withResponse();
   */
  request<Data = unknown>(method: string, path: string, body?: unknown, options: CallOptions = {}): Answer<Data> {
    const call = {
      ...withKey(options),
      method: method.toUpperCase(),
      path,
      body: body === undefined ? body : JSON.stringify(body),
    };
    const reply = this.#transport.send<Data>(call);
    const data = reply.then((answer) => answer.data);
    return Object.assign(data, {
      withResponse() {
        // Whoever takes the whole answer also takes its error; the data promise must not report it a second time.
        data.catch(() => {});
        return reply;
      },
    });
  }

  /**
   * Uploads a file and gives the asset it became. `asset.id` is accepted in every media field and does not expire as its link does.
   * The file is held in memory while it is sent.
   */
  async upload(file: Blob | Uint8Array, options: CallOptions & { name?: string | undefined } = {}): Promise<Asset> {
    const { body, contentType } = await toMultipart(file, options.name);
    const timeoutMs = options.timeoutMs ?? Math.max(UPLOAD_TIMEOUT_MS, this.#transport.options.timeoutMs ?? 0);
    const call = {
      ...withKey(options),
      method: "POST",
      path: paths.upload,
      body,
      contentType,
      timeoutMs,
      expect: "id",
    };
    const { data } = await this.#transport.send<Asset>(call);
    return data;
  }

  /** How the service is, unsigned. A service that says it is unhealthy is an answer, not an error. */
  async health(options: CallOptions = {}): Promise<Health> {
    try {
      const { data } = await this.#transport.send<Health>({
        ...options,
        method: "GET",
        path: paths.health,
        isUnsigned: true,
        expect: "status",
      });
      return data;
    } catch (error) {
      if (error instanceof ServerError && fieldOf(error.body, "status")) return error.body as Health;
      throw error;
    }
  }

  /** The body of a submission: files uploaded, then printed once; every attempt sends and signs these very characters. */
  async #print(input: object, options: SubmitOptions & { idempotencyKey: string }): Promise<string> {
    const { signal, headers, idempotencyKey } = options;
    let count = 0;
    const plain = await replaceFiles(input, async (file) => {
      // A key of its own per file, so that a repeated call with the same key finds the same assets and prints the same body.
      const asset = await this.upload(file, { signal, headers, idempotencyKey: `${idempotencyKey}-${count++}` });
      return asset.id;
    });
    return JSON.stringify(options.webhookUrl ? { ...Object(plain), callbackUrl: options.webhookUrl } : plain);
  }

  async #submit<K extends Kind>(kind: K, body: string, options: SubmitOptions): Promise<Job<K>> {
    const { asyncPath } = routes[kind];
    const call = { ...withKey(options), method: "POST", path: asyncPath, body, expect: "jobId" };
    const { data } = await this.#transport.send<QueuedJob>(call);
    return this.job(kind, data.jobId);
  }
}
