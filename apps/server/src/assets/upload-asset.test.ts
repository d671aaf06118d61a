import { readdir } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { heads } from "../../test/assets/files.ts";
import { never, setUpAssets, toCaller, toStream } from "../../test/assets/set-up.ts";
import { toFileName } from "./file-name.ts";

const caller = toCaller("env:one");

describe("an upload", () => {
  it("becomes an asset whose type is read from its content", async () => {
    const { uploadAsset, records } = await setUpAssets();
    const asset = await uploadAsset({ caller, name: "voice.exe", body: toStream(heads.wav), signal: never });
    expect(asset).toMatchObject({ name: "voice.wav", type: "audio/wav", sizeBytes: heads.wav.length });
    expect(asset.localPath).toBe(`/outputs/${asset.id}/voice.wav`);
    expect(await records.find(asset.id)).toMatchObject({ ownerId: "env:one" });
  });

  it.each([
    ["png", "image/png"],
    ["jpeg", "image/jpeg"],
    ["gif", "image/gif"],
    ["webp", "image/webp"],
    ["wav", "audio/wav"],
    ["mp3", "audio/mpeg"],
    ["flac", "audio/flac"],
    ["opus", "audio/ogg"],
    ["m4a", "audio/mp4"],
    ["mp4", "video/mp4"],
  ] as const)("may be %s: %s", async (file, type) => {
    const { uploadAsset } = await setUpAssets();
    const asset = await uploadAsset({ caller, name: "a", body: toStream(heads[file]), signal: never });
    expect(asset.type).toBe(type);
  });

  it.each(["pdf", "zip", "exe", "svg", "html", "text", "empty"] as const)(
    "may not be %s, whatever its name",
    async (file) => {
      const { uploadAsset, records, directory } = await setUpAssets();
      const upload = uploadAsset({ caller, name: "face.png", body: toStream(heads[file]), signal: never });
      await expect(upload).rejects.toMatchObject({ code: "unsupported_media_type", status: 415 });
      expect(records.size()).toBe(0);
      expect(await readdir(directory)).toEqual(["incoming"]);
    },
  );

  it("is told by its first bytes however small its pieces are", async () => {
    const { uploadAsset, blobs, records } = await setUpAssets();
    const pieces = Array.from(heads.png, (byte) => Uint8Array.of(byte));
    const asset = await uploadAsset({ caller, name: "a.png", body: toStream(...pieces), signal: never });
    expect(asset).toMatchObject({ type: "image/png", sizeBytes: heads.png.length });
    const stored = await records.find(asset.id);
    const read = await (await blobs.open(stored?.location ?? "", { signal: never })).toArray();
    expect(Buffer.concat(read).equals(heads.png)).toBe(true);
  });

  it("is told although its metadata is longer than what is looked at, as in every picture that carries its graph", async () => {
    const { uploadAsset } = await setUpAssets();
    const length = Buffer.alloc(4);
    length.writeUInt32BE(20_000);
    const body = toStream(
      heads.png.subarray(0, 33),
      length,
      "tEXtprompt\0",
      Buffer.alloc(20_000, "{"),
      heads.png.subarray(33),
    );
    expect(await uploadAsset({ caller, name: "a", body, signal: never })).toMatchObject({ type: "image/png" });
  });

  it("that is too large is refused without a trace", async () => {
    const { uploadAsset, records, directory } = await setUpAssets();
    const body = toStream(heads.png, Buffer.alloc(100_000));
    const upload = uploadAsset({ caller, name: "a.png", body, signal: never });
    await expect(upload).rejects.toMatchObject({ code: "payload_too_large" });
    expect(records.size()).toBe(0);
    expect(await readdir(`${directory}/incoming`)).toEqual([]);
  });

  it("closes its source when it is refused half-way", async () => {
    const { uploadAsset } = await setUpAssets();
    let isClosed = false;
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield Buffer.alloc(65_536);
      } finally {
        isClosed = true;
      }
    }
    await expect(uploadAsset({ caller, name: "a", body: endless(), signal: never })).rejects.toThrow(
      /expected an image/,
    );
    expect(isClosed).toBe(true);
  });

  it("stops when the caller leaves, even before the first byte", async () => {
    const { uploadAsset } = await setUpAssets();
    const controller = new AbortController();
    async function* silent(): AsyncGenerator<Uint8Array> {
      queueMicrotask(() => controller.abort(new Error("left")));
      await new Promise(() => undefined);
    }
    const upload = uploadAsset({ caller, name: "a", body: silent(), signal: controller.signal });
    await expect(upload).rejects.toThrow("left");
  });
});

describe("an upload with an idempotency key", () => {
  it("gives the same asset again, also when both come at once", async () => {
    const { uploadAsset, records } = await setUpAssets();
    const upload = () =>
      uploadAsset({ caller, name: "a.png", body: toStream(heads.png), idempotencyKey: "once", signal: never });
    const [first, second] = await Promise.all([upload(), upload()]);
    expect(second).toEqual(first);
    expect(await upload()).toEqual(first);
    expect(records.size()).toBe(1);
  });

  it("refuses another file under the same key, and means nothing to other owners", async () => {
    const { uploadAsset, directory } = await setUpAssets();
    const upload = (ownerId: string, body: Uint8Array) =>
      uploadAsset({
        caller: toCaller(ownerId),
        name: "a",
        body: toStream(body),
        idempotencyKey: "once",
        signal: never,
      });
    const first = await upload("env:one", heads.png);
    await expect(upload("env:one", heads.jpeg)).rejects.toMatchObject({ code: "idempotency_key_reused", status: 422 });
    expect((await upload("env:two", heads.png)).id).not.toBe(first.id);
    // Nothing of the refused file stays behind.
    const entries = await readdir(directory, { recursive: true, withFileTypes: true });
    expect(entries.filter((entry) => entry.isFile())).toHaveLength(1);
  });
});

describe("a file name", () => {
  it.each([
    ["../../etc/passwd", "image/png", "passwd.png"],
    ["..\\..\\windows\\system.ini", "image/png", "system.png"],
    ["/", "image/png", "file.png"],
    ["..", "image/png", "file.png"],
    [".htaccess", "image/png", "file.png"],
    ["", "audio/wav", "file.wav"],
    ["Mein Porträt (1).PNG", "image/png", "Mein_Porträt_1.png"],
    ["page.html", "image/jpeg", "page.jpg"],
    ["a.png\r\nX-Evil: 1", "image/png", "a.png_X-Evil_1.png"],
    ['"; rm -rf "', "image/png", "rm_-rf.png"],
    ["picture\u202Egnp.exe", "image/png", "picture_gnp.png"],
    ["nul\0byte.png", "image/png", "nul_byte.png"],
    ["हिन्दी ไม้.png", "image/png", "हिन्दी_ไม้.png"],
    ["ComfyUI_00001_.png", "image/png", "ComfyUI_00001.png"],
    ["mesh.GLB", "application/octet-stream", "mesh.glb"],
    ["noextension", "application/octet-stream", "noextension"],
    ["😀é😀.png", "image/png", "é.png"],
  ])("made of %j (%s) is %j", (name, type, expected) => {
    expect(toFileName(name, type)).toBe(expected);
  });

  it("of any length is short", () => {
    expect(toFileName("x".repeat(100_000), "image/png")).toBe(`${"x".repeat(80)}.png`);
    expect(toFileName("𝒜".repeat(100), "image/png")).toBe(`${"𝒜".repeat(80)}.png`);
  });
});
