import type { ComfyClient, Inputs, Kind, Results } from "@comfy/client";

/** What one generation is given besides its input. */
export interface Watch {
  readonly signal: AbortSignal;
  /** 0 to 1; never called for a synchronous request, which tells nothing before its answer. */
  readonly onProgress: (value: number) => void;
}

/** Milliseconds a generation may take here; the emulator needs a few seconds. */
const GENERATION_TIMEOUT_MS = 120_000;

/** One request that is answered when the result is there. */
async function request<K extends Kind>(client: ComfyClient, kind: K, input: Inputs[K], { signal }: Watch) {
  const options = { signal, timeoutMs: GENERATION_TIMEOUT_MS };
  return client.request<Results[K]>("POST", `/${kind}`, input, options);
}

/** A job that is queued, followed and then read. */
async function submit<K extends Kind>(client: ComfyClient, kind: K, input: Inputs[K], { signal, onProgress }: Watch) {
  const job = await client.submit(kind, input, { signal });
  return job.result({
    signal,
    waitTimeoutMs: GENERATION_TIMEOUT_MS,
    onProgress: ({ value }) => onProgress(value),
  });
}

/** One generation of the demo, by kind, with the way it is asked for. `made` holds the results before it. */
export interface Generation {
  readonly kind: Kind;
  readonly way: "synchronous" | "asynchronous";
  make(client: ComfyClient, watch: Watch, made: ReadonlyMap<Kind, Results[Kind]>): Promise<Results[Kind]>;
}

/** The `localPath` of an earlier result, which every media field accepts. */
function toLocalPath(made: ReadonlyMap<Kind, Results[Kind]>, kind: Kind): string {
  const result = made.get(kind);
  if (!result) throw new Error(`it needs the ${kind}, which failed`);
  return result.localPath;
}

/** All four kinds, both ways of asking, and a job that is made of two results before it. */
export const generations: readonly Generation[] = [
  {
    kind: "portrait",
    way: "synchronous",
    make: (client, watch) =>
      request(client, "portrait", { description: "Viking warrior with a braided beard", expression: "smiling" }, watch),
  },
  {
    kind: "image",
    way: "synchronous",
    make: (client, watch) =>
      request(client, "image", { prompt: "A fjord at dawn, mist over still water", width: 768, height: 512 }, watch),
  },
  {
    kind: "tts",
    way: "asynchronous",
    make: (client, watch) =>
      submit(client, "tts", { text: "Every job you see here was signed, queued, run and stored." }, watch),
  },
  {
    kind: "lipsync",
    way: "asynchronous",
    make: (client, watch, made) =>
      submit(
        client,
        "lipsync",
        { portrait_image: toLocalPath(made, "portrait"), audio: toLocalPath(made, "tts") },
        watch,
      ),
  },
];
