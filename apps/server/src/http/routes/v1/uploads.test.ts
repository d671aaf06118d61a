import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { heads } from "../../../../test/assets/files.ts";
import { toPng } from "../../../../test/assets/pictures.ts";
import { call, post, type Reply, send } from "../../../../test/http/call.ts";
import { type Door, OTHER_KEY, startDoor } from "../../../../test/http/start-door.ts";

const PATH = "/api/v1/uploads";
const MB = 1024 * 1024;
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** A WAV of that many bytes. */
const toWav = (sizeBytes: number) => Buffer.concat([heads.wav, Buffer.alloc(sizeBytes - heads.wav.length, 7)]);

const open = (door: Door, bytes: Uint8Array, rest: object = {}) =>
  post(door, PATH, { name: "voice.wav", sizeBytes: bytes.length, ...rest });

/** Sends to a link, as a browser does: without a key. */
const put = (door: Door, url: string, bytes: Uint8Array, headers: Record<string, string> = {}) =>
  send(door, url.slice(door.url.length), {
    method: "PUT",
    body: new Uint8Array(bytes),
    headers: { "X-Content-SHA256": sha256(bytes), ...headers },
  });

const complete = (door: Door, id: string) => post(door, `${PATH}/${id}/complete`);
const read = (door: Door, id: string, key?: string) => call(door, "GET", `${PATH}/${id}`, key ? { key } : {});
const partsOf = ({ body }: Reply): { n: number; url: string; isReceived: boolean; sizeBytes: number }[] => body.parts;

async function sendAll(door: Door, bytes: Uint8Array, opened: Reply): Promise<void> {
  for (const { n, url } of partsOf(opened)) {
    const from = (n - 1) * opened.body.partSizeBytes;
    const { status } = await put(door, url, bytes.subarray(from, from + opened.body.partSizeBytes));
    expect(status).toBe(200);
  }
}

const large = { flags: { uploadSizeBytesMax: 30 * MB } };

describe("an upload in parts", () => {
  it("becomes a file that a media field takes, from parts of 8 MB that need no key", async () => {
    const door = await startDoor(large);
    const bytes = toWav(17 * MB);
    const opened = await open(door, bytes, { sha256: sha256(bytes), type: "audio/wav" });
    expect(opened.status).toBe(201);
    expect(opened.headers.get("location")).toBe(`${PATH}/${opened.body.id}`);
    expect(partsOf(opened).map(({ sizeBytes }) => sizeBytes)).toEqual([8 * MB, 8 * MB, MB]);
    await sendAll(door, bytes, opened);
    const made = await complete(door, opened.body.id);
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({ type: "audio/wav", source: "upload", sha256: sha256(bytes), name: "voice.wav" });
    const link: string = made.body.url;
    expect(sha256(new Uint8Array(await (await fetch(link)).arrayBuffer()))).toBe(sha256(bytes));
  });

  it("goes on after a cut: what has arrived is told, in any order, and again", async () => {
    const door = await startDoor(large);
    const bytes = toWav(17 * MB);
    const opened = await open(door, bytes);
    const [first, second, third] = partsOf(opened).map(({ url }) => url) as [string, string, string];
    await put(door, third, bytes.subarray(16 * MB));
    await put(door, first, bytes.subarray(0, 8 * MB));
    await put(door, first, bytes.subarray(0, 8 * MB));
    const state = await read(door, opened.body.id);
    expect(partsOf(state).map(({ isReceived }) => isReceived)).toEqual([true, false, true]);
    expect(state.body.receivedBytes).toBe(9 * MB);
    expect((await send(door, third.slice(door.url.length), { method: "HEAD" })).status).toBe(200);
    expect((await send(door, second.slice(door.url.length), { method: "HEAD" })).status).toBe(404);
    const early = await complete(door, opened.body.id);
    expect(early).toMatchObject({ status: 409, body: { code: "upload_incomplete", details: { missing: [2] } } });
    await put(door, second, bytes.subarray(8 * MB, 16 * MB));
    expect((await complete(door, opened.body.id)).status).toBe(201);
  });

  it("is completed once: asked again, it gives the same file", async () => {
    const door = await startDoor();
    const opened = await open(door, heads.wav);
    await sendAll(door, heads.wav, opened);
    const first = await complete(door, opened.body.id);
    const again = await complete(door, opened.body.id);
    expect([first.status, again.status]).toEqual([201, 200]);
    expect(again.body.id).toBe(first.body.id);
    expect((await read(door, opened.body.id)).body).toMatchObject({
      status: "completed",
      asset: { id: first.body.id },
    });
    const [part] = partsOf(opened);
    expect(await put(door, part?.url ?? "", heads.wav)).toMatchObject({
      status: 409,
      body: { code: "upload_completed" },
    });
  });

  it("opens once with one Idempotency-Key, and never with another body", async () => {
    const door = await startDoor();
    const body = { name: "a.wav", sizeBytes: 100 };
    const options = { headers: { "Idempotency-Key": "file-1" } };
    const first = await post(door, PATH, body, options);
    const again = await post(door, PATH, body, options);
    expect(again.body.id).toBe(first.body.id);
    expect(again.headers.get("idempotency-replayed")).toBe("true");
    expect((await post(door, PATH, { ...body, sizeBytes: 101 }, options)).body.code).toBe("idempotency_key_reused");
  });

  it("can be given up", async () => {
    const door = await startDoor();
    const opened = await open(door, heads.wav);
    expect((await call(door, "DELETE", `${PATH}/${opened.body.id}`)).status).toBe(204);
    expect((await read(door, opened.body.id)).status).toBe(404);
    const [part] = partsOf(opened);
    expect(await put(door, part?.url ?? "", heads.wav)).toMatchObject({
      status: 404,
      body: { code: "upload_not_found" },
    });
  });

  it("is nobody else's to see, to complete or to give up", async () => {
    const door = await startDoor();
    const { id } = (await open(door, heads.wav)).body;
    for (const reply of [
      await read(door, id, OTHER_KEY),
      await call(door, "DELETE", `${PATH}/${id}`, { key: OTHER_KEY }),
      await post(door, `${PATH}/${id}/complete`, undefined, { key: OTHER_KEY }),
    ])
      expect(reply).toMatchObject({ status: 404, body: { code: "upload_not_found" } });
    expect((await read(door, id)).status).toBe(200);
  });
});

describe("what an upload in parts refuses", () => {
  it("is a part whose bytes are not those that its sender meant, too few or too many; nothing of it is kept", async () => {
    const door = await startDoor();
    const opened = await open(door, heads.wav);
    const url = partsOf(opened)[0]?.url ?? "";
    const wrong = await put(door, url, heads.wav, { "X-Content-SHA256": "0".repeat(64) });
    expect(wrong).toMatchObject({ status: 422, body: { code: "digest_mismatch" } });
    expect((await put(door, url, heads.wav.subarray(1))).body.code).toBe("invalid_input");
    expect((await put(door, url, Buffer.concat([heads.wav, heads.wav]))).body.code).toBe("payload_too_large");
    const noDigest = await send(door, url.slice(door.url.length), { method: "PUT", body: new Uint8Array(heads.wav) });
    expect(noDigest.status).toBe(400);
    expect(partsOf(await read(door, opened.body.id))[0]?.isReceived).toBe(false);
  });

  it("is a part that was sent again and again: a link must not fill the disk", async () => {
    const door = await startDoor();
    const opened = await open(door, heads.wav);
    const url = partsOf(opened)[0]?.url ?? "";
    for (let n = 0; n < 4; n++) expect((await put(door, url, heads.wav)).status).toBe(200);
    expect(await put(door, url, heads.wav)).toMatchObject({ status: 409, body: { code: "upload_limit" } });
  });

  it("is a link of another part, another upload, another time, or none", async () => {
    const door = await startDoor();
    const opened = await open(door, heads.wav);
    const other = await open(door, heads.wav);
    const url = partsOf(opened)[0]?.url ?? "";
    const foreign = [
      url.replace("/parts/1", "/parts/2"),
      url.replace("/parts/1", "/parts/01"),
      url.replace(opened.body.id, other.body.id),
      url.replace(/expires=\d/, "expires=9"),
      url.replace(/sig=.*/, "sig="),
      url.split("?")[0] ?? "",
    ];
    for (const link of foreign) {
      expect(await put(door, link, heads.wav), link).toMatchObject({ status: 403, body: { code: "link_invalid" } });
    }
  });

  it("is a link to a file in the place of a part, and the other way round", async () => {
    const door = await startDoor();
    const opened = await open(door, heads.wav);
    const [part] = partsOf(opened);
    const query = part?.url.split("?")[1];
    const reply = await send(door, `/outputs/${opened.body.id}/voice.wav?${query}`);
    expect(reply).toMatchObject({ status: 403, body: { code: "link_invalid" } });
  });

  it.each([
    ["html", heads.html],
    ["svg", heads.svg],
    ["zip", heads.zip],
  ])("is %s, whatever it was called, and it stays open for something better", async (_, bytes) => {
    const door = await startDoor();
    const opened = await open(door, bytes, { name: "face.png" });
    await sendAll(door, bytes, opened);
    expect((await complete(door, opened.body.id)).body.code).toBe("unsupported_media_type");
    expect((await read(door, opened.body.id)).body.status).toBe("open");
  });

  it("is a file that is not what was announced", async () => {
    const door = await startDoor();
    const asPicture = await open(door, heads.wav, { type: "image/png" });
    await sendAll(door, heads.wav, asPicture);
    expect((await complete(door, asPicture.body.id)).body.code).toBe("media_unusable");
    const asOther = await open(door, heads.wav, { sha256: "0".repeat(64) });
    await sendAll(door, heads.wav, asOther);
    expect((await complete(door, asOther.body.id)).body.code).toBe("digest_mismatch");
  });

  it("is a picture that unpacks into more than may be decoded", async () => {
    const door = await startDoor();
    const bomb = toPng(60_000, 60_000);
    const opened = await open(door, bomb);
    await sendAll(door, bomb, opened);
    expect(await complete(door, opened.body.id)).toMatchObject({ status: 413, body: { code: "image_too_large" } });
  });

  it("is a file too large, of a type that is none, or one more than may be open", async () => {
    const door = await startDoor();
    const begin = (rest: object) => post(door, PATH, { name: "a", sizeBytes: 100, ...rest });
    expect((await begin({ sizeBytes: 200_001 })).body.code).toBe("payload_too_large");
    expect((await begin({ type: "text/html" })).body.code).toBe("unsupported_media_type");
    const many = [];
    for (let n = 0; n < 8; n++) many.push((await begin({ sizeBytes: 100_000 })).status);
    expect(many).toEqual(Array(8).fill(201));
    // Eight of 100 kB are four of the largest: there is no room for a byte more.
    expect(await begin({ sizeBytes: 1 })).toMatchObject({ status: 409, body: { code: "upload_limit" } });
  });
});
