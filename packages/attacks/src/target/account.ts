import { setTimeout as sleep } from "node:timers/promises";
import { createNonce, signRequest } from "@comfy/signing";
import { toMultipart } from "./multipart.ts";
import { type Answer, readJson, send, type WireRequest } from "./send.ts";

/** What the keys of the environment sign with: one secret for all of them, as the first version of the scheme has it. */
export const API_SECRET = "one-secret-for-all-keys-of-the-environment";

type Headers = Readonly<Record<string, string>>;

/** An object goes as JSON; text and bytes as they are. */
export type Payload = object | string | Uint8Array;

export interface ToSign {
  readonly method: string;
  readonly path: string;
  readonly body?: Payload;
  readonly headers?: Headers;
  /** 2 when absent. */
  readonly version?: 1 | 2;
  readonly timestampMs?: number;
  readonly nonce?: string;
  /** What is signed where something else is sent. */
  readonly signedAs?: { readonly method?: string; readonly path?: string; readonly body?: string };
}

/** Somebody with a key. */
export interface Account {
  readonly key: string;
  /** A signed request that was not sent yet: it can be changed, kept, and sent twice. */
  sign(wish: ToSign): Promise<WireRequest>;
  /** Signs and sends. */
  call(method: string, path: string, body?: Payload, headers?: Headers): Promise<Answer>;
  /** Queues a small picture; gives the job's id. */
  queueImage(fields?: object): Promise<string>;
  /** Waits until a job has ended; gives it as the platform surface tells it. */
  settle(jobId: string): Promise<Record<string, unknown>>;
  /** A picture that is done: its job and its file. */
  makeImage(prompt?: string): Promise<Picture>;
  /** Uploads a file as multipart. */
  upload(bytes: Uint8Array, name?: string, headers?: Headers): Promise<Answer>;
}

export interface Picture {
  readonly jobId: string;
  readonly assetId: string;
  readonly name: string;
  /** Where the signed link leads: path and query. */
  readonly link: string;
}

export interface AccountOptions {
  readonly key: string;
  /** Read at each call: a service that was restarted listens elsewhere. */
  readonly origin: () => string;
  /** Where its requests seem to come from. */
  readonly ip: string;
}

const JSON_TYPE = { "content-type": "application/json" };

export function createAccount({ key, origin, ip }: AccountOptions): Account {
  async function sign({ method, path, body, headers = {}, version = 2, signedAs = {}, ...rest }: ToSign) {
    const bytes = toBytes(body);
    const signedBody = signedAs.body ?? bytes;
    const signature = await signRequest({
      ...{ version, keyId: key, secret: API_SECRET },
      method: signedAs.method ?? method,
      target: signedAs.path ?? path,
      ...(signedBody !== undefined && { body: signedBody }),
      ...(rest.timestampMs !== undefined && { timestampMs: rest.timestampMs }),
      ...(version === 2 && { nonce: rest.nonce ?? createNonce() }),
    });
    const all = {
      "x-forwarded-for": ip,
      ...(bytes !== undefined && JSON_TYPE),
      ...lower(signature),
      ...lower(headers),
    };
    return { method, path, headers: all, ...(bytes !== undefined && { body: bytes }) };
  }

  const call: Account["call"] = async (method, path, body, headers) =>
    send(origin(), await sign({ method, path, ...(body !== undefined && { body }), ...(headers && { headers }) }));

  async function settle(jobId: string): Promise<Record<string, unknown>> {
    for (let round = 0; round < 20; round++) {
      const job = readJson(await call("GET", `/api/v1/jobs/${jobId}?wait=5`));
      if (!["pending", "processing"].includes(String(job.status))) return job;
      await sleep(50);
    }
    throw new Error(`The job ${jobId} did not end.`);
  }

  async function queueImage(fields: object = {}): Promise<string> {
    const answer = await call("POST", "/image/async", { prompt: "a lighthouse", width: 64, height: 64, ...fields });
    const { jobId } = readJson(answer);
    if (typeof jobId !== "string") throw new Error(`No picture was queued: ${answer.status} ${answer.text}`);
    return jobId;
  }

  return {
    key,
    sign,
    call,
    queueImage,
    settle,
    async makeImage(prompt = "a lighthouse") {
      const jobId = await queueImage({ prompt });
      return toPicture(jobId, await settle(jobId));
    },
    upload: (bytes, name = "picture.png", headers = {}) => {
      const { body, type } = toMultipart(bytes, name);
      return call("POST", "/api/v1/upload", body, { "content-type": type, ...headers });
    },
  };
}

const toBytes = (body: Payload | undefined): string | Uint8Array | undefined =>
  typeof body !== "object" || body instanceof Uint8Array ? body : JSON.stringify(body);

const lower = (headers: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

function toPicture(jobId: string, job: Record<string, unknown>): Picture {
  const { result } = job as { result?: { signedUrl?: string; assets?: { id: string; name: string }[] } };
  const [asset] = result?.assets ?? [];
  if (!result?.signedUrl || !asset) throw new Error(`The picture was not made: ${JSON.stringify(job)}`);
  const { pathname, search } = new URL(result.signedUrl);
  return { jobId, assetId: asset.id, name: asset.name, link: pathname + search };
}
