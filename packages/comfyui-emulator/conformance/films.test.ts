import { ALL_FORMATS, BufferSource, Input } from "mediabunny";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readGraph } from "./fixtures.ts";
import { uploadInputs } from "./inputs.ts";
import { fetchFiles, type OutputFile } from "./outputs.ts";
import { type Graph, run } from "./prompts.ts";
import { openTarget, type Target } from "./target.ts";

let target: Target;
beforeAll(async () => {
  target = await openTarget();
  await uploadInputs(target.url);
});
afterAll(() => target.close());

interface Facts {
  readonly size: readonly [number, number];
  readonly frames: number;
  readonly framesPerSecond: number;
  readonly codec: string | null;
  readonly sound: { readonly codec: string | null; readonly channels: number; readonly sampleRate: number } | undefined;
  readonly seconds: number;
}

async function describeFilm(bytes: Uint8Array): Promise<Facts> {
  using input = new Input({ formats: ALL_FORMATS, source: new BufferSource(bytes) });
  const video = await input.getPrimaryVideoTrack();
  const audio = await input.getPrimaryAudioTrack();
  const { packetCount = 0, averagePacketRate = 0 } = (await video?.computePacketStats()) ?? {};
  return {
    size: [video?.displayWidth ?? 0, video?.displayHeight ?? 0],
    frames: packetCount,
    framesPerSecond: averagePacketRate,
    codec: video?.codec ?? null,
    sound: audio ? { codec: audio.codec, channels: audio.numberOfChannels, sampleRate: audio.sampleRate } : undefined,
    seconds: await input.computeDuration(),
  };
}

async function film(graph: unknown): Promise<OutputFile[]> {
  return await fetchFiles(target.url, await run(target.url, graph));
}

const loaded: Graph = {
  a: { class_type: "LoadImage", inputs: { image: "conformance-input.png" } },
  b: { class_type: "LoadImage", inputs: { image: "conformance-second.png" } },
  both: { class_type: "ImageBatch", inputs: { image1: ["a", 0], image2: ["b", 0] } },
};

describe("films", () => {
  it("SaveVideo writes H.264 with AAC: 12 pictures of 64x64 in one second", async () => {
    const [file] = await film(readGraph("cpu_video"));
    expect(file).toMatchObject({
      key: "images",
      mediaType: "video/mp4",
      filename: expect.stringMatching(/^video_\d{5}_\.mp4$/),
    });
    const facts = await describeFilm(file?.bytes ?? Buffer.alloc(0));
    expect(facts).toMatchObject({
      size: [64, 64],
      frames: 12,
      codec: "avc",
      sound: { codec: "aac", channels: 2, sampleRate: 44100 },
    });
    expect(facts.framesPerSecond).toBeCloseTo(12, 0);
    // AAC comes in frames of 1024 samples, so the sound may end a little after the pictures.
    expect(facts.seconds).toBeGreaterThanOrEqual(0.99);
    expect(facts.seconds).toBeLessThan(1.06);
  });

  it("a film without sound has no sound track", async () => {
    const nodes: Graph = {
      ...loaded,
      video: { class_type: "CreateVideo", inputs: { images: ["both", 0], fps: 5 } },
      save: {
        class_type: "SaveVideo",
        inputs: { video: ["video", 0], filename_prefix: "conformance/mute", format: "mp4", codec: "h264" },
      },
    };
    const [file] = await film(nodes);
    const facts = await describeFilm(file?.bytes ?? Buffer.alloc(0));
    expect(facts).toMatchObject({ size: [40, 24], frames: 2, sound: undefined });
    expect(facts.seconds).toBeCloseTo(0.4, 1);
  });

  it("GetVideoComponents gives pictures, sound and speed of a film back", async ({ skip }) => {
    skip(!(await target.hasClass("GetVideoComponents")), "the server has no class GetVideoComponents");
    const nodes: Graph = {
      ...loaded,
      sound: { class_type: "EmptyAudio", inputs: { duration: 0.5, sample_rate: 44100, channels: 1 } },
      video: { class_type: "CreateVideo", inputs: { images: ["both", 0], fps: 4, audio: ["sound", 0] } },
      parts: { class_type: "GetVideoComponents", inputs: { video: ["video", 0] } },
      save: { class_type: "SaveImage", inputs: { images: ["parts", 0], filename_prefix: "conformance/frame" } },
      hear: { class_type: "SaveAudio", inputs: { audio: ["parts", 1], filename_prefix: "conformance/heard" } },
      speed: { class_type: "PreviewAny", inputs: { source: ["parts", 2] } },
    };
    const entry = await run(target.url, nodes);
    expect(entry.outputs.speed).toEqual({ text: ["4.0"] });
    expect((await fetchFiles(target.url, entry)).map(({ key }) => key).toSorted()).toEqual([
      "audio",
      "images",
      "images",
    ]);
  });

  it("SaveAnimatedWEBP and SaveAnimatedPNG write one file for a batch, marked as animated", async () => {
    for (const [classType, inputs, mark] of [
      ["SaveAnimatedWEBP", { lossless: true, quality: 80, method: "default" }, "ANMF"],
      ["SaveAnimatedPNG", { compress_level: 4 }, "fcTL"],
    ] as const) {
      const save = {
        class_type: classType,
        inputs: { images: ["both", 0], filename_prefix: "conformance/moving", fps: 6, ...inputs },
      };
      const entry = await run(target.url, { ...loaded, save });
      expect(entry.outputs.save).toMatchObject({ images: [{ type: "output" }], animated: [true] });
      const [file] = await fetchFiles(target.url, entry);
      expect(file?.bytes.toString("latin1").split(mark), classType).toHaveLength(3);
    }
  });

  it("VHS_VideoCombine lists its film under `gifs`, with format, speed and the picture beside it", async ({ skip }) => {
    skip(!(await target.hasClass("VHS_VideoCombine")), "the server has no class VHS_VideoCombine");
    const entry = await run(target.url, readGraph("cpu_vhs_video"));
    const stem = /^vhs_\d{5}/;
    expect(entry.outputs.save).toEqual({
      gifs: [
        {
          ...{ filename: expect.stringMatching(/^vhs_\d{5}-audio\.mp4$/), subfolder: "cpu", type: "output" },
          ...{ format: "video/h264-mp4", frame_rate: 12, workflow: expect.stringMatching(/^vhs_\d{5}\.png$/) },
          fullpath: expect.stringMatching(/[\\/]cpu[\\/]vhs_\d{5}-audio\.mp4$/),
        },
      ],
    });
    const [file] = await fetchFiles(target.url, entry);
    expect(file?.filename).toMatch(stem);
    const facts = await describeFilm(file?.bytes ?? Buffer.alloc(0));
    expect(facts).toMatchObject({
      size: [64, 64],
      frames: 12,
      codec: "avc",
      sound: { codec: "aac", channels: 2, sampleRate: 44100 },
    });
  });
});
