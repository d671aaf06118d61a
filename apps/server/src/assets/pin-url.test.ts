import { describe, expect, it } from "vitest";
import { heads } from "../../test/assets/files.ts";
import { never, setUpAssets, toStream } from "../../test/assets/set-up.ts";
import { AppError } from "../errors.ts";
import { createPinBuiltin } from "./pin-builtin.ts";
import { createPinUrl } from "./pin-url.ts";

async function setUp(body: () => AsyncIterable<Uint8Array>) {
  const { storeFile, records } = await setUpAssets();
  const files = { open: async () => ({ body: body() }), assertAllowed() {} };
  const pin = createPinUrl({ files, storeFile, records, sizeBytesMax: 1_000 });
  const pinUrl = (url: string) => pin({ ownerId: "env:one", url, field: "audio", accepts: "audio", signal: never });
  return { pinUrl, records, storeFile };
}

describe("a file from an address", () => {
  it("becomes an asset of the owner, named after the address", async () => {
    const { pinUrl, records } = await setUp(() => toStream(heads.wav));
    const asset = await pinUrl("https://example.com/files/my%20voice.php?token=1");
    expect(asset).toMatchObject({ ownerId: "env:one", name: "my_voice.wav", type: "audio/wav" });
    expect(records.size()).toBe(1);
  });

  it.each(["html", "svg", "png", "empty"] as const)("is unusable when it is %s", async (file) => {
    const { pinUrl, records } = await setUp(() => toStream(heads[file]));
    const refusal = pinUrl("https://example.com/voice.wav");
    await expect(refusal).rejects.toMatchObject({ code: "media_unusable", status: 422 });
    await expect(refusal).rejects.toThrow(/^audio: expected audio, but the address answered with /);
    expect(records.size()).toBe(0);
  });

  it("is refused past the limit, with the field's name", async () => {
    const { pinUrl } = await setUp(() => toStream(heads.wav, Buffer.alloc(1_000)));
    await expect(pinUrl("https://example.com/a.wav")).rejects.toMatchObject({
      code: "payload_too_large",
      message: "audio: The file is too large: expected at most 1000 bytes.",
    });
  });

  it("passes on what is not the caller's fault", async () => {
    const fault = new AppError("unavailable", "The file could not be stored; try again later.");
    const { pinUrl } = await setUp(() => {
      throw fault;
    });
    await expect(pinUrl("https://example.com/a.wav")).rejects.toBe(fault);
  });
});

describe("a file that ships with a workflow", () => {
  it("is one asset per owner, however often it is used, and another one once its content changes", async () => {
    const { storeFile, records } = await setUp(() => toStream());
    let content: Uint8Array = heads.wav;
    const pinBuiltin = createPinBuiltin({ openBuiltin: () => toStream(content), storeFile, records });
    const pin = (ownerId: string) => pinBuiltin({ ownerId, file: "tts/voice/default.wav", signal: never });
    const [first, second] = await Promise.all([pin("env:one"), pin("env:one")]);
    expect(second).toEqual(first);
    expect(first).toMatchObject({ ownerId: "env:one", name: "default.wav", type: "audio/wav" });
    expect((await pin("env:two")).id).not.toBe(first.id);
    content = Buffer.concat([heads.wav, Buffer.alloc(2)]);
    expect((await pin("env:one")).id).not.toBe(first.id);
    expect(records.size()).toBe(3);
  });
});
