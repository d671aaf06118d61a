// Compiled with the workspace, never run: each line marked @ts-expect-error must stay an error.
import { ComfyClient, type ComfyError, type JobEvent, type PictureResult } from "../src/index.ts";

declare const comfy: ComfyClient;
declare const error: unknown;

export async function accepts(): Promise<void> {
  const portrait = await comfy.run("portrait", { description: "x", seed: undefined });
  const url: string = portrait.signedUrl;
  const prompt: string = portrait.prompt;
  const job = await comfy.submit(
    "lipsync",
    { portrait_image: new Blob([]), audio: Uint8Array.of(1) },
    { webhookUrl: url },
  );
  const kind: "lipsync" = job.kind;
  for await (const event of comfy.job("tts", prompt).events()) if (event.type === "progress") kind.at(event.value);
  const status = await comfy.job("image", url).status();
  const result: PictureResult | undefined = status.result;
  await comfy.run(
    "image",
    { prompt },
    { onEvent: (event: JobEvent<PictureResult>) => event.type, onProgress: ({ value }) => value },
  );
  const data: unknown = await comfy.request("GET", "/api/v1/usage");
  const { data: usage } = await comfy.request<{ used: number }>("GET", "/api/v1/usage").withResponse();
  usage.used.toFixed(result ? 1 : 0).concat(String(data));
}

export async function refuses(): Promise<void> {
  // @ts-expect-error a required field is missing
  await comfy.run("portrait", {});
  // @ts-expect-error no such kind
  await comfy.run("portait", { description: "x" });
  // @ts-expect-error a field of another kind
  await comfy.run("tts", { text: "x", description: "x" });
  // @ts-expect-error a number where text belongs
  await comfy.run("image", { prompt: 1 });
  // @ts-expect-error only media fields take files
  await comfy.run("portrait", { description: new Blob([]) });
  // @ts-expect-error speech has no prompt
  (await comfy.run("tts", { text: "x" })).prompt;
  // @ts-expect-error a handle is not a promise
  comfy.job("tts", "1").then();
  // @ts-expect-error an unknown option
  new ComfyClient({ baseURL: "x" });
  // @ts-expect-error what was thrown is unknown until it is asked
  error.code;
  const known: ComfyError | undefined = undefined;
  // @ts-expect-error errors are not written to
  if (known) known.code = "x";
}
