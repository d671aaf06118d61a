import { createHash, randomBytes } from "node:crypto";
import { readdir } from "node:fs/promises";
import { connect } from "node:net";
import { signRequest } from "@comfy/signing";
import { describe, expect, it } from "vitest";
import { heads } from "../../../../test/assets/files.ts";
import { send, toSignedInit } from "../../../../test/http/call.ts";
import { type Door, PRO_KEY, SECRET, startDoor } from "../../../../test/http/start-door.ts";

const PATH = "/api/v1/upload";
const MB = 1024 * 1024;
const BOUNDARY = "----of-a-test";
const TYPE = `multipart/form-data; boundary=${BOUNDARY}`;

const field = (name: string, text: string) =>
  `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${text}\r\n`;
const fileHead = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n`;
const tail = `\r\n--${BOUNDARY}--\r\n`;
const toForm = (file: Uint8Array, before = "", after = "") =>
  Buffer.concat([Buffer.from(before + fileHead), file, Buffer.from(`\r\n${after}--${BOUNDARY}--\r\n`)]);

const upload = async (door: Door, body: Uint8Array, options: object = {}) =>
  send(door, PATH, await toSignedInit("POST", PATH, { body, headers: { "Content-Type": TYPE }, ...options }));

/** What lies in the store, half-written files included. */
async function listFiles(door: Door): Promise<string[]> {
  const names = await readdir(door.directory, { recursive: true, withFileTypes: true });
  return names.filter((entry) => entry.isFile()).map(({ name }) => name);
}

/** A form of `sizeBytes` that never lies in memory as a whole: the same pieces over and over, and its digest. */
function toLargeForm(sizeBytes: number, seed: number) {
  const piece = randomBytes(64 * 1024);
  piece.writeUInt32LE(seed);
  const head = Buffer.concat([Buffer.from(fileHead), heads.wav]);
  async function* body() {
    yield head;
    for (let left = sizeBytes; left > 0; left -= piece.length) yield piece.subarray(0, Math.min(left, piece.length));
    yield Buffer.from(tail);
  }
  return { body, length: head.length + sizeBytes + tail.length };
}

async function sign(version: 1 | 2, { body }: ReturnType<typeof toLargeForm>): Promise<Record<string, string>> {
  const { createHmac } = await import("node:crypto");
  const timestamp = String(Date.now());
  const hmac = createHmac("sha256", SECRET).update(`${timestamp}:`);
  const digest = createHash("sha256");
  for await (const chunk of body()) {
    hmac.update(chunk);
    digest.update(chunk);
  }
  if (version === 1) return { "X-API-Key": PRO_KEY, "X-Timestamp": timestamp, "X-Signature": hmac.digest("hex") };
  const bodySha256 = digest.digest("hex");
  const nonce = randomBytes(16).toString("hex");
  const text = ["comfy-v2", timestamp, nonce, "POST", PATH, PRO_KEY, bodySha256].join("\n");
  return {
    "X-API-Key": PRO_KEY,
    "X-Timestamp": timestamp,
    "X-Signature": createHmac("sha256", SECRET).update(text).digest("hex"),
    "X-Signature-Version": "2",
    "X-Nonce": nonce,
    "X-Content-SHA256": bodySha256,
  };
}

describe("an upload is proven while it streams by", () => {
  it("in constant memory: twenty of 20 MB at once cost less than eight of them", async () => {
    const door = await startDoor({ flags: { uploadSizeBytesMax: 32 * MB } });
    const forms = await Promise.all(
      Array.from({ length: 20 }, async (_, seed) => {
        const form = toLargeForm(20 * MB, seed);
        return { form, headers: await sign(seed % 2 === 0 ? 1 : 2, form) };
      }),
    );
    await upload(door, toForm(heads.wav));
    globalThis.gc?.();
    const before = process.memoryUsage.rss();
    let peak = before;
    const watch = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage.rss());
    }, 20);
    const replies = await Promise.all(
      forms.map(({ form, headers }) =>
        send(door, PATH, {
          method: "POST",
          headers: { ...headers, "Content-Type": TYPE, "Content-Length": String(form.length) },
          body: ReadableStream.from(form.body()) as never,
          duplex: "half",
        } as RequestInit),
      ),
    );
    clearInterval(watch);
    expect(replies.map(({ status }) => status)).toEqual(Array(20).fill(201));
    expect(replies.every(({ body }) => body.sizeBytes === 20 * MB + heads.wav.length)).toBe(true);
    // Both ends of every connection live in this process; 400 MB pass through it.
    expect(peak - before).toBeLessThan(160 * MB);
  }, 120_000);

  it.each([1, 2] as const)("and leaves nothing when its last byte is another one (version %s)", async (version) => {
    const door = await startDoor();
    const body = toForm(Buffer.concat([heads.wav, Buffer.alloc(100_000)]));
    const init = await toSignedInit("POST", PATH, { body, version, headers: { "Content-Type": TYPE } });
    const changed = Buffer.from(body);
    changed.writeUInt8(1, body.length - tail.length - 1);
    const reply = await send(door, PATH, { ...init, body: new Uint8Array(changed) });
    expect(reply).toMatchObject({ status: 401, body: { code: "invalid_signature" } });
    expect(await listFiles(door)).toEqual([]);
    expect(door.records.size()).toBe(0);
    // The bytes that were signed are still welcome.
    expect((await send(door, PATH, { ...init, body: new Uint8Array(body) })).status).toBe(version === 1 ? 201 : 401);
  });

  it.each([1, 2] as const)("and keeps one file of two with one signature (version %s)", async (version) => {
    const door = await startDoor();
    const body = toForm(Buffer.concat([heads.wav, Buffer.alloc(50_000)]));
    const init = await toSignedInit("POST", PATH, { body, version, headers: { "Content-Type": TYPE } });
    const replies = await Promise.all([send(door, PATH, init), send(door, PATH, init)]);
    expect(replies.map(({ status }) => status).toSorted()).toEqual([201, 401]);
    expect(replies.find(({ status }) => status === 401)?.body.code).toBe("signature_replayed");
    expect(door.records.size()).toBe(1);
  });

  it("and spends nothing of an owner's limit when it was not the owner who sent it", async () => {
    const door = await startDoor();
    const body = toForm(heads.wav);
    const forged = await toSignedInit("POST", PATH, { body, version: 1, secret: "another secret of some length" });
    const headers = new Headers(forged.headers);
    headers.set("Content-Type", TYPE);
    const reply = await send(door, PATH, { ...forged, headers });
    expect(reply.status).toBe(401);
    expect(reply.headers.get("x-ratelimit-remaining")).toBeNull();
    const first = await upload(door, body, { version: 1 });
    const second = await upload(door, body, { version: 2 });
    expect(
      Number(first.headers.get("x-ratelimit-remaining")) - Number(second.headers.get("x-ratelimit-remaining")),
    ).toBe(1);
  });

  it("and leaves nothing when its sender goes away in the middle", async () => {
    const door = await startDoor({ flags: { uploadSizeBytesMax: 4 * MB } });
    const { hostname, port } = new URL(door.url);
    const signed = await signRequest({
      version: 1,
      keyId: PRO_KEY,
      secret: SECRET,
      method: "POST",
      target: PATH,
      body: "x",
    });
    const socket = connect(Number(port), hostname);
    const lines = Object.entries({ ...signed, Host: hostname, "Content-Type": TYPE, "Content-Length": "3000000" });
    socket.write(`POST ${PATH} HTTP/1.1\r\n${lines.map((line) => line.join(": ")).join("\r\n")}\r\n\r\n`);
    socket.write(Buffer.concat([Buffer.from(fileHead), heads.wav, Buffer.alloc(2 * MB)]));
    await expect.poll(() => listFiles(door)).toHaveLength(1);
    socket.destroy();
    await expect.poll(() => listFiles(door)).toEqual([]);
    expect(door.records.size()).toBe(0);
  });
});

describe("what comes with the file", () => {
  it("may ask for it to be written anew, before the file and with a word that is one", async () => {
    const door = await startDoor();
    const sharp = (await upload(door, toForm(heads.wav, field("stripLocation", "true")))).body;
    expect(sharp).toMatchObject({ code: "unsupported_media_type" });
    expect((await upload(door, toForm(heads.wav, field("stripLocation", "false")))).status).toBe(201);
    expect((await upload(door, toForm(heads.wav, field("stripLocation", "maybe")))).body.code).toBe("invalid_input");
    const late = await upload(door, toForm(heads.wav, "", field("stripLocation", "true")));
    expect(late).toMatchObject({ status: 400, body: { error: expect.stringContaining("before the file") } });
    expect(door.records.size()).toBe(1);
  });

  it("may be anything else, and means nothing", async () => {
    const door = await startDoor();
    const note = field("note", "x".repeat(3_000));
    expect((await upload(door, toForm(heads.wav, note, note))).status).toBe(201);
  });

  it("makes no difference to a form that breaks off inside of it", async () => {
    const door = await startDoor();
    const body = toForm(heads.wav, "", field("note", "some words"));
    for (const at of [10, fileHead.length + 5, body.length - 30, body.length - 3]) {
      const reply = await upload(door, body.subarray(0, at));
      expect(reply, String(at)).toMatchObject({ status: 400, body: { code: "invalid_input" } });
    }
    expect(await listFiles(door)).toEqual([]);
  });
});
