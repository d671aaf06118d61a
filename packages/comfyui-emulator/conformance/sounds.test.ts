import { MPEGDecoder } from "mpg123-decoder";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readFixture } from "./fixtures.ts";
import { readFlac, type Samples } from "./flac.ts";
import { uploadInputs } from "./inputs.ts";
import { fetchFiles } from "./outputs.ts";
import { type Graph, run } from "./prompts.ts";
import { soundCases } from "./sound-cases.ts";
import { openTarget, type Target } from "./target.ts";

let target: Target;
beforeAll(async () => {
  target = await openTarget();
  await uploadInputs(target.url);
});
afterAll(() => target.close());

const voice = { class_type: "LoadAudio", inputs: { audio: "conformance-voice.wav" } };

function largestDifference(actual: Samples, expected: Samples): number {
  const full = (samples: Samples): number => 2 ** (samples.bitsPerSample - 1);
  const differences = expected.channels.flatMap((samples, channel) =>
    samples.map((value, index) =>
      Math.abs(value / full(expected) - (actual.channels[channel]?.[index] ?? 0) / full(actual)),
    ),
  );
  return Math.max(0, ...differences);
}

/** Servers up to the very release 0.3.64 save one channel as two equal ones; the fix came days later, under the same version. */
function withoutTwin(actual: Samples, expected: Samples): Samples {
  const [left, right] = actual.channels;
  const isTwin = expected.channels.length === 1 && JSON.stringify(left) === JSON.stringify(right);
  return isTwin ? { ...actual, channels: actual.channels.slice(0, 1) } : actual;
}

const loudness = (samples: Float32Array | readonly number[]): number =>
  Math.sqrt([...samples].reduce((sum, value) => sum + value * value, 0) / samples.length);

describe("sound arithmetic", () => {
  it.for(Object.entries(soundCases))(
    "gives the samples of a real server: %s",
    async ([name, { graph, tolerance }], { skip }) => {
      skip(!(await target.hasClass("LoadAudio")), "the server has no audio nodes (torchaudio)");
      const [file] = await fetchFiles(target.url, await run(target.url, graph));
      expect(file).toMatchObject({ key: "audio", filename: expect.stringMatching(/\.flac$/) });
      const expected = readFlac(readFixture(`sounds/${name}.flac`));
      const actual = withoutTwin(readFlac(file?.bytes ?? Buffer.alloc(0)), expected);
      expect(actual.sampleRate).toBe(expected.sampleRate);
      expect(actual.channels.map(({ length }) => length)).toEqual(expected.channels.map(({ length }) => length));
      expect(largestDifference(actual, expected)).toBeLessThanOrEqual(tolerance);
    },
  );

  it.for(["V0", "128k", "320k"])("writes MP3 that sounds like the input: %s", async (quality, { skip }) => {
    skip(!(await target.hasClass("SaveAudioMP3")), "the server has no audio nodes (torchaudio)");
    const save = {
      class_type: "SaveAudioMP3",
      inputs: { audio: ["v", 0], filename_prefix: "conformance/mp3", quality },
    };
    const [file] = await fetchFiles(target.url, await run(target.url, { v: voice, save }));
    expect(file?.mediaType).toBe("audio/mpeg");
    const decoder = new MPEGDecoder();
    await decoder.ready;
    const { channelData, sampleRate, samplesDecoded } = decoder.decode(new Uint8Array(file?.bytes ?? []));
    decoder.free();
    expect([sampleRate, channelData.length]).toEqual([8000, 2]);
    // A frame holds 576 samples at this rate; encoder and decoder may add a few.
    expect(samplesDecoded).toBeGreaterThanOrEqual(2000);
    expect(samplesDecoded).toBeLessThan(2000 + 5 * 576);
    const [left = [], right = []] = channelData;
    expect(loudness(left) / loudness(right)).toBeCloseTo(2, 0);
  });

  it("fails to split one channel into two, and says so", async ({ skip }) => {
    skip(!(await target.hasClass("SplitAudioChannels")), "the server has no audio nodes (torchaudio)");
    const graph: Graph = {
      m: { class_type: "LoadAudio", inputs: { audio: "conformance-mono.wav" } },
      x: { class_type: "SplitAudioChannels", inputs: { audio: ["m", 0] } },
      save: { class_type: "SaveAudio", inputs: { audio: ["x", 0], filename_prefix: "conformance/never" } },
    };
    await expect(run(target.url, graph)).rejects.toThrow("AudioSplit: Input audio has only one channel.");
  });
});
