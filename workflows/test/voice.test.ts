import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { builtinFile, builtinFiles } from "../src/index.ts";
import { defaultVoice } from "../tts/voice/default.ts";

describe("the default voice", () => {
  const wav = readFileSync(builtinFile(defaultVoice.file));

  it("is 6 to 10 seconds of mono 16-bit PCM at 24 kHz that is not silence", () => {
    expect(wav.toString("latin1", 0, 4) + wav.toString("latin1", 8, 16)).toBe("RIFFWAVEfmt ");
    const [format, channels, rateHz, bits] = [
      wav.readUInt16LE(20),
      wav.readUInt16LE(22),
      wav.readUInt32LE(24),
      wav.readUInt16LE(34),
    ];
    expect([format, channels, rateHz, bits]).toEqual([1, 1, 24_000, 16]);
    const data = wav.subarray(wav.indexOf("data") + 8);
    expect(data.length / 48_000).toBeGreaterThan(6);
    expect(data.length / 48_000).toBeLessThan(10);
    const samples = new Int16Array(Uint8Array.from(data).buffer);
    expect(samples.reduce((peak, sample) => Math.max(peak, Math.abs(sample)), 0)).toBeGreaterThan(5000);
  });

  it("says what its transcript says, and what the plan tells the model", () => {
    expect(readFileSync(new URL("./default.txt", builtinFile(defaultVoice.file)), "utf8").trim()).toBe(
      defaultVoice.text,
    );
  });
});

describe("built-in files", () => {
  it("all exist", () => {
    for (const file of builtinFiles) expect(readFileSync(builtinFile(file)).length).toBeGreaterThan(0);
  });

  it.each(["../package.json", "/etc/passwd", "tts/voice/../../package.json", "tts/voice/default.txt", ""])(
    "are only the known ones: not %j",
    (file) => {
      expect(() => builtinFile(file)).toThrow(`No built-in file is called "${file}".`);
    },
  );
});
