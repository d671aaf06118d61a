import { readFileSync } from "node:fs";
import { graph as graphSchema, historyEntry, parseSocketMessage } from "@comfy/comfyui-contract";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { parseFrame } from "../src/frame.ts";
import { isOutOfMemory, readOutputs } from "../src/index.ts";
import { parseJson, toJson } from "../src/json.ts";
import { toOutcome } from "../src/outcome.ts";
import { createProgressTracker } from "../src/progress.ts";

const fixture = new URL("../../../contracts/comfyui/fixtures/ws-transcripts.json", import.meta.url);
const transcripts = z
  .record(
    z.string(),
    z.object({
      request: z.object({ prompt: graphSchema }),
      frames: z.array(z.looseObject({ socket: z.string(), text: z.unknown().optional() })),
      history: z.unknown().optional(),
    }),
  )
  .parse(JSON.parse(readFileSync(fixture, "utf8")));

const scenario = (name: string) => {
  const found = transcripts[name];
  if (!found) throw new Error(`No transcript ${name}.`);
  return found;
};

const outcomeOf = (name: string) => toOutcome(historyEntry.parse(scenario(name).history));

describe("recorded history", () => {
  it("tells success with its outputs", () => {
    expect(outcomeOf("success")).toMatchObject({
      type: "succeeded",
      outputs: { "3": { images: [{ filename: "ok_00001_.png" }] } },
    });
  });

  it("names the node and the exception of a failure", () => {
    const outcome = outcomeOf("runtime_error");
    expect(outcome).toMatchObject({
      type: "failed",
      nodeId: "b",
      nodeType: "SplitAudioChannels",
      exceptionType: "ValueError",
      exceptionMessage: "AudioSplit: Input audio has only one channel.",
    });
    expect(JSON.stringify(outcome)).not.toContain("tensor");
  });

  it("tells an interrupted prompt from a failed one", () => {
    expect(outcomeOf("interrupt")).toMatchObject({ type: "interrupted", nodeId: "sampler" });
  });

  it("recognises lack of memory under old and new names", () => {
    const failure = { type: "failed", nodeId: "1", nodeType: "KSampler", exceptionMessage: "", outputs: {} } as const;
    expect(isOutOfMemory({ ...failure, exceptionType: "torch.OutOfMemoryError" })).toBe(true);
    expect(isOutOfMemory({ ...failure, exceptionType: "torch.cuda.OutOfMemoryError" })).toBe(true);
    expect(isOutOfMemory({ ...failure, exceptionType: "MyOutOfMemoryErrors" })).toBe(false);
  });
});

describe("progress over recorded sockets", () => {
  it.each(Object.keys(transcripts))("never falls and never passes 1: %s", (name) => {
    const { request, frames } = scenario(name);
    const tracker = createProgressTracker(request.prompt);
    const seen: number[] = [];
    for (const frame of frames.filter(({ socket }) => socket === "client-a")) {
      const message = parseSocketMessage(frame.text);
      const progress = message && tracker.apply(message);
      if (progress) seen.push(progress.overall);
    }
    expect(seen).toEqual(seen.toSorted((left, right) => left - right));
    expect(seen.every((overall) => overall >= 0 && overall <= 1)).toBe(true);
  });

  it("ends at 1 and counts the sampler's steps", () => {
    const { request, frames } = scenario("sampler_progress_preview_meta");
    const tracker = createProgressTracker(request.prompt);
    const steps = frames.flatMap((frame) => {
      const message = parseSocketMessage(frame.text);
      const progress = message && tracker.apply(message);
      return progress?.classType === "KSampler" ? [`${progress.step}/${progress.steps}`] : [];
    });
    expect([...new Set(steps)]).toEqual(expect.arrayContaining(["1/3", "2/3", "3/3"]));
    expect(tracker.latest?.overall).toBe(1);
  });
});

describe("binary frames", () => {
  const u32 = (value: number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return bytes;
  };
  const jpeg = Buffer.from([0xff, 0xd8, 0xff, 1, 2, 3]);

  it("give the picture of a plain preview", () => {
    expect(parseFrame(Buffer.concat([u32(1), u32(1), jpeg]))).toEqual({
      type: "preview",
      mediaType: "image/jpeg",
      bytes: jpeg,
    });
  });

  it("give picture, prompt and node of a preview with metadata", () => {
    const metadata = Buffer.from(
      JSON.stringify({ node_id: "2.0.1", display_node_id: "2", prompt_id: "p", image_type: "image/jpeg" }),
    );
    const frame = parseFrame(Buffer.concat([u32(4), u32(metadata.length), metadata, jpeg]));
    expect(frame).toEqual({ type: "preview", mediaType: "image/jpeg", bytes: jpeg, promptId: "p", node: "2" });
  });

  it("give the text of a node", () => {
    const frame = Buffer.from("00000003000000013168656c6c6f20c3a9", "hex");
    expect(parseFrame(frame)).toEqual({ type: "text", node: "1", text: "hello é" });
  });

  it("are passed over when they are foreign, cut or lie about their length", () => {
    const vhs = Buffer.concat([u32(1), u32(1), u32(1), u32(7), Buffer.alloc(16), jpeg]);
    const notJson = Buffer.concat([u32(4), u32(3), Buffer.from("{a}"), jpeg]);
    const script = Buffer.from(JSON.stringify({ node_id: "1", prompt_id: "p", image_type: "text/html" }));
    const html = Buffer.concat([u32(4), u32(script.length), script, jpeg]);
    for (const frame of [vhs, notJson, html, u32(1), Buffer.alloc(0), Buffer.concat([u32(3), u32(0xffffffff), jpeg])]) {
      expect(parseFrame(frame)).toBeUndefined();
    }
  });
});

describe("JSON", () => {
  it("keeps 64-bit seeds exact on the way out", () => {
    expect(toJson({ seed: 18446744073709551615n, text: "1n" })).toBe('{"seed":18446744073709551615,"text":"1n"}');
  });

  it("reads what Python writes for infinity and not-a-number, and leaves texts alone", () => {
    expect(parseJson('{"max": Infinity, "min": -Infinity, "x": NaN, "t": "a \\"NaN\\" Infinity"}')).toEqual({
      max: Number.POSITIVE_INFINITY,
      min: Number.NEGATIVE_INFINITY,
      x: null,
      t: 'a "NaN" Infinity',
    });
    expect(() => parseJson("{NaN")).toThrow(SyntaxError);
  });
});

describe("outputs", () => {
  const file = (filename: string, type = "output") => ({ filename, subfolder: "s", type });

  it("come in the order of the graph, whatever their key", () => {
    const graph = graphSchema.parse({
      save: { class_type: "SaveVideo", inputs: {} },
      audio: { class_type: "SaveAudio", inputs: {} },
      vhs: { class_type: "VHS_VideoCombine", inputs: {} },
    });
    const values = readOutputs(
      {
        vhs: { gifs: [{ ...file("v.mp4"), format: "video/h264-mp4", workflow: "v.png", fullpath: "/x/v.mp4" }] },
        audio: { audio: [file("a.flac")] },
        save: { images: [file("b.mp4"), file("c.mp4")], animated: [true] },
      },
      graph,
    );
    expect(values.map((value) => [value.node, value.index, value.type === "file" && value.file.filename])).toEqual([
      ["save", 0, "b.mp4"],
      ["save", 1, "c.mp4"],
      ["audio", 0, "a.flac"],
      ["vhs", 0, "v.mp4"],
    ]);
    expect(values[3]).toEqual({ type: "file", node: "vhs", index: 0, file: file("v.mp4") });
  });

  it("leave previews out where there is a real file, and keep them where there is none", () => {
    const temp = { images: [file("t.png", "temp")] };
    const input = { images: [file("i.png", "input")] };
    expect(readOutputs({ "1": temp, "2": { images: [file("a.png")] } })).toHaveLength(1);
    expect(readOutputs({ "1": temp, "2": input })).toMatchObject([{ file: { filename: "t.png" } }]);
  });

  it("include texts and 3D models, once each", () => {
    const values = readOutputs({
      "1": { text: ["hello"], other: ["not shown"] },
      "2": { result: ["mesh/a.glb [output]", { fov: 35 }] },
      "3": { a: [file("x.png")], b: [file("x.png")] },
      "4": null,
      "5": { images: "nonsense", gifs: [null, 7, {}] },
    });
    expect(values).toEqual([
      { type: "text", node: "1", index: 0, text: "hello" },
      { type: "file", node: "2", index: 0, file: { filename: "a.glb", subfolder: "mesh", type: "output" } },
      { type: "file", node: "3", index: 0, file: file("x.png") },
    ]);
  });
});
