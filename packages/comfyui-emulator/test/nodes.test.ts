import { describe, expect, it } from "vitest";
import { durationOf } from "../src/media/audio.ts";
import { decodeAudio } from "../src/media/decode-audio.ts";
import { readFlacComments } from "../src/media/flac-decode.ts";
import { decodePng, readPngText } from "../src/media/png.ts";
import { exampleGraph, openEmulator, run, uploadInputs, viewBytes } from "./session.ts";

const examples = [
  "cpu_audio",
  "cpu_image_ops",
  "cpu_load_audio",
  "cpu_load_image",
  "cpu_text",
  "cpu_vhs_video",
  "cpu_video",
  "f5_tts_named_voice",
  "f5_tts_voice_reference",
  "sonic_lipsync_core_video",
  "sonic_lipsync_vhs",
  "tiny_img2img",
  "tiny_inpaint",
  "tiny_txt2img",
  "upscale_with_model",
];

/** Large pictures only cost time here. */
function small(name: string) {
  const graph = exampleGraph(name);
  for (const { class_type: classType, inputs } of Object.values(graph)) {
    const isLarge = /^Empty.*Latent|^ImageScale$/.test(classType);
    if (isLarge) Object.assign(inputs, { width: 128, height: classType === "EmptySD3LatentImage" ? 192 : 128 });
    if (classType === "SONIC_PreData") Object.assign(inputs, { min_resolution: 128, duration: 1 });
  }
  return graph;
}

const large = ["flux_schnell_gguf_portrait", "sdxl_txt2img", "sdxl_img2img", "sdxl_inpaint", "sdxl_controlnet_canny"];

describe("the example graphs", () => {
  it.for([...examples, ...large])("runs %s to its files", { timeout: 60_000 }, async (name) => {
    const emulator = await openEmulator();
    await uploadInputs(emulator);
    const entry = await run(emulator, small(name));
    expect(entry.status).toMatchObject({ status_str: "success", completed: true });
    const files = Object.values(entry.outputs).flatMap((output) => Object.values(output).flat());
    expect(files.length).toBeGreaterThan(0);
    for (const file of files.filter((item) => typeof item === "object" && "filename" in item)) {
      expect((await viewBytes(emulator, file)).length).toBeGreaterThan(100);
    }
  });
});

describe("a simulated picture", () => {
  it("depends on prompt and seed alone, and says in pixels and metadata that no model was run", async () => {
    const emulator = await openEmulator();
    const paint = async (seed: number | string, text: string, prefix: string) => {
      const graph = small("tiny_txt2img");
      const body = JSON.stringify({
        ...graph,
        pos: { class_type: "CLIPTextEncode", inputs: { text, clip: ["ckpt", 1] } },
        save: { class_type: "SaveImage", inputs: { images: ["decode", 0], filename_prefix: prefix } },
      }).replace('"seed":1234', `"seed":${seed}`);
      const entry = await run(emulator, JSON.parse(body));
      return Buffer.from(await viewBytes(emulator, entry.outputs.save?.images?.[0]));
    };
    const first = await paint(1, "a lighthouse", "a");
    const again = await paint(1, "a lighthouse", "b");
    const otherSeed = await paint(2, "a lighthouse", "a");
    const otherText = await paint(1, "a windmill", "a");
    expect(decodePng(again).data).toEqual(decodePng(first).data);
    expect(decodePng(otherSeed).data).not.toEqual(decodePng(first).data);
    expect(decodePng(otherText).data).not.toEqual(decodePng(first).data);
    const texts = readPngText(first);
    expect(texts.comment).toContain("SIMULATED");
    expect(JSON.parse(texts.prompt ?? "{}").pos.inputs.text).toBe("a lighthouse");
  });

  it("carries no such mark when everything in it is computed", async () => {
    const emulator = await openEmulator();
    const entry = await run(emulator, exampleGraph("cpu_image_ops"));
    const texts = readPngText(Buffer.from(await viewBytes(emulator, entry.outputs.save?.images?.[0])));
    expect(Object.keys(texts)).toEqual(["prompt"]);
  });
});

describe("simulated speech", () => {
  it("lasts as long as its text asks for, longer when `speed` is above one, and is marked", async () => {
    const emulator = await openEmulator();
    await uploadInputs(emulator);
    const speak = async (speech: string, speed: number) => {
      const graph = exampleGraph("f5_tts_voice_reference");
      Object.assign(graph.tts?.inputs ?? {}, { speech, speed });
      const entry = await run(emulator, graph);
      return viewBytes(emulator, entry.outputs.save?.audio?.[0]);
    };
    const normal = await speak("This is a sentence.", 1);
    const slow = await speak("This is a sentence.", 2);
    const short = await speak("No.", 1);
    const [seconds, slowSeconds, shortSeconds] = await Promise.all(
      [normal, slow, short].map(async (bytes) => durationOf(await decodeAudio(bytes))),
    );
    expect(slowSeconds).toBeGreaterThan((seconds ?? 0) * 1.5);
    expect(shortSeconds).toBeLessThan(seconds ?? 0);
    expect(readFlacComments(normal).comment).toContain("SIMULATED");
  });
});

describe("classes that cannot be simulated", () => {
  it("say so instead of inventing something", async () => {
    const emulator = await openEmulator();
    const graph = {
      a: { class_type: "EmptyImage", inputs: { width: 8, height: 8, batch_size: 1, color: 0 } },
      save: {
        class_type: "SaveWEBM",
        inputs: { images: ["a", 0], filename_prefix: "x", codec: "vp9", fps: 24, crf: 32 },
      },
    };
    const entry = await run(emulator, graph);
    const [type, data] = entry.status.messages.at(-1) ?? [];
    expect(type).toBe("execution_error");
    expect(data?.exception_message).toContain("the emulator has no VP9 or AV1 encoder");
  });
});

describe("a model file that is not there", () => {
  it("is refused at validation, and fails the loader when it vanishes afterwards", async () => {
    const emulator = await openEmulator({
      faults: { slowNode: { classType: "CheckpointLoaderSimple", delayMs: 300 } },
    });
    const running = run(emulator, small("tiny_txt2img"));
    await new Promise((resolve) => setTimeout(resolve, 100));
    emulator.setFaults({ missingModels: ["tiny_sd3.safetensors"] });
    const entry = await running;
    expect(entry.status.messages.at(-1)?.[1]).toMatchObject({ exception_type: "FileNotFoundError", node_id: "ckpt" });
    await expect(run(emulator, small("tiny_txt2img"))).rejects.toThrow("value_not_in_list");
  });
});
