import type { HistoryEntry } from "@comfy/comfyui-contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listGraphs, readGraph } from "./fixtures.ts";
import { send, upload } from "./http.ts";
import { inputPng, voiceWav } from "./inputs.ts";
import { fetchFiles } from "./outputs.ts";
import { paintPng } from "./png.ts";
import { eventually, finished, type Graph, readHistory, running, submit } from "./prompts.ts";
import { openTarget, type Target } from "./target.ts";

/** The emulator's pace here: a lip-synced film would take long; 5000 sampler steps still take 4 s. */
const HASTE = 100;
/** Some paint pictures of a megapixel, on machines that are busy with other tests. */
const PATIENCE_MS = 180_000;

let target: Target;
beforeAll(async () => {
  target = await openTarget({ speed: HASTE });
  await upload(
    target.url,
    "input.png",
    paintPng(256, 256, (x, y) => [x, y, 128, x < 128 ? 0 : 255]),
    { overwrite: "true" },
  );
  await upload(target.url, "face.png", inputPng(), { overwrite: "true" });
  await upload(target.url, "voice.wav", voiceWav(), { overwrite: "true" });
  await upload(target.url, "voice.txt", "This is exactly what is said in the sample.", { overwrite: "true" });
});
afterAll(() => target.close());

/** What is under each graph's outputs when it has run. */
const keys: Readonly<Record<string, string>> = {
  cpu_audio: "audio",
  cpu_load_audio: "audio",
  f5_tts_named_voice: "audio",
  f5_tts_voice_reference: "audio",
  cpu_vhs_video: "gifs",
  sonic_lipsync_vhs: "gifs",
};

/** The class that a graph needs and the server lacks, if any. */
async function classMissing(graph: Graph): Promise<string | undefined> {
  for (const { class_type: classType } of Object.values(graph)) {
    if (!(await target.hasClass(classType))) {
      return `the server has no class ${classType}`;
    }
  }
  return undefined;
}

/** The file of weights that a real server lacks, as its refusal or its failure says; the emulator pretends to have all. */
function fileMissing(text: string): string | undefined {
  const name = /'([^']+)' not in (\[|\(list)|filename '([^']+)' not found/.exec(text);
  return target.isEmulator || name === null ? undefined : `the server has no file ${name[1] ?? name[3]}`;
}

async function runExample(name: string, skip: (isSkipped: boolean, reason?: string) => void): Promise<HistoryEntry> {
  const graph = readGraph(name);
  const lacking = await classMissing(graph);
  skip(lacking !== undefined, lacking);
  const answer = await submit(target.url, graph);
  const refused = answer.status === 400 ? fileMissing(answer.text) : undefined;
  skip(refused !== undefined, refused);
  expect(answer.status, answer.text).toBe(200);
  const entry = await finished(target.url, Object(answer.json()).prompt_id);
  const failed = fileMissing(JSON.stringify(entry.status));
  skip(failed !== undefined, failed);
  return entry;
}

describe("the example graphs", () => {
  const ordinary = listGraphs().filter(
    (name) => !["cpu_runtime_error", "tiny_slow_interruptible", "cpu_text"].includes(name),
  );

  it.for(ordinary)("run to their end: %s", { timeout: PATIENCE_MS }, async (name, { skip }) => {
    const entry = await runExample(name, skip);
    expect(entry.status, JSON.stringify(entry.status)).toMatchObject({ status_str: "success", completed: true });
    const files = await fetchFiles(target.url, entry);
    expect(files.length).toBeGreaterThan(0);
    expect(new Set(files.map(({ key }) => key))).toEqual(new Set([keys[name] ?? "images"]));
    expect(files.every(({ bytes }) => bytes.length > 50)).toBe(true);
  });

  it("cpu_text shows its text", async ({ skip }) => {
    expect((await runExample("cpu_text", skip)).outputs).toEqual({ show: { text: ["hello world"] } });
  });

  it("cpu_runtime_error fails at its second node", async ({ skip }) => {
    const { status } = await runExample("cpu_runtime_error", skip);
    const failure = { node_id: "split", node_type: "SplitAudioChannels", exception_type: "ValueError" };
    expect(status?.messages.at(-1)).toMatchObject(["execution_error", failure]);
  });

  it("tiny_slow_interruptible can be interrupted", async ({ skip }) => {
    const graph = readGraph("tiny_slow_interruptible");
    skip(!(await target.hasClass("KSampler")), "the server has no class KSampler");
    const answer = await submit(target.url, graph);
    expect(answer.status, answer.text).toBe(200);
    const promptId: string = Object(answer.json()).prompt_id;
    await running(target.url, promptId);
    await send(target.url, { method: "POST", path: "/interrupt" });
    const entry = await eventually("the interrupted entry", () => readHistory(target.url, promptId));
    expect(entry.status?.messages.at(-1)?.[0]).toBe("execution_interrupted");
  });
});
