import { describe, expect, it } from "vitest";
import { heads } from "../../../../test/assets/files.ts";
import { type CallOptions, call, send, toSignedInit } from "../../../../test/http/call.ts";
import { type Door, startDoor } from "../../../../test/http/start-door.ts";

const PATH = "/api/v1/upload";

/** A form in its final bytes, so that they can be signed. */
async function toForm(
  fields: Record<string, Blob | string>,
  name = "face.png",
): Promise<{ body: Uint8Array; type: string }> {
  const form = new FormData();
  for (const [field, value] of Object.entries(fields)) {
    if (typeof value === "string") form.set(field, value);
    else form.set(field, value, name);
  }
  const response = new Response(form);
  return { body: await response.bytes(), type: response.headers.get("content-type") ?? "" };
}

async function upload(door: Door, bytes: Uint8Array, options: CallOptions & { name?: string } = {}) {
  const { body, type } = await toForm({ note: "ignored", file: new Blob([new Uint8Array(bytes)]) }, options.name);
  return call(door, "POST", PATH, { ...options, body, headers: { "Content-Type": type, ...options.headers } });
}

describe("201", () => {
  it.each([1, 2] as const)(
    "keeps a file signed over all its bytes (version %s) and reads its type from the content",
    async (version) => {
      const door = await startDoor();
      const { status, body } = await upload(door, heads.wav, { version, name: "voice.png" });
      expect(status).toBe(201);
      expect(body).toMatchObject({ type: "audio/wav", sizeBytes: heads.wav.length, id: expect.any(String) });
      expect(body.localPath).toBe(`/outputs/${body.id}/${body.name}`);
      expect(Buffer.from(await (await fetch(body.url)).arrayBuffer())).toEqual(heads.wav);
    },
  );

  it("gives the same asset to the same Idempotency-Key", async () => {
    const door = await startDoor();
    const headers = { "Idempotency-Key": "file-1" };
    const [first, again] = [await upload(door, heads.png, { headers }), await upload(door, heads.png, { headers })];
    expect(again.body.id).toBe(first.body.id);
  });

  it("makes a name from anywhere a plain file name", async () => {
    const { body } = await upload(await startDoor(), heads.png, { name: "../../etc/pässword.png" });
    expect(body.name).not.toMatch(/[/\\]/);
    expect(body.name).toMatch(/\.png$/);
  });
});

describe("400", () => {
  it.each<[string, Record<string, Blob | string>]>([
    ["no part named file", { picture: new Blob([new Uint8Array(heads.png)]) }],
    ["only text", { file: "just text" }],
    ["nothing", {}],
  ])("asks for the file when there is %s", async (_, fields) => {
    const door = await startDoor();
    const { body, type } = await toForm(fields);
    const reply = await call(door, "POST", PATH, { body, headers: { "Content-Type": type } });
    expect(reply.status).toBe(400);
    expect(reply.body.error).toContain("file");
  });

  it("refuses a form that is cut off or has no boundary", async () => {
    const door = await startDoor();
    const { body, type } = await toForm({ file: new Blob([new Uint8Array(heads.png)]) });
    const cut = await call(door, "POST", PATH, { body: body.subarray(0, -40), headers: { "Content-Type": type } });
    const headers = { "Content-Type": "multipart/form-data; charset=utf-8" };
    const unbound = await call(door, "POST", PATH, { body, headers });
    expect([cut.status, unbound.status]).toEqual([400, 400]);
  });
});

describe("401", () => {
  it("refuses bytes that are not the signed ones", async () => {
    const door = await startDoor();
    const { body, type } = await toForm({ file: new Blob([new Uint8Array(heads.png)]) });
    const init = await toSignedInit("POST", PATH, { body, headers: { "Content-Type": type } });
    const changed = new Uint8Array(body);
    changed.set([(body.at(-60) ?? 0) ^ 1], body.length - 60);
    expect((await send(door, PATH, { ...init, body: changed })).status).toBe(401);
  });

  it("reads no large body for a key it does not know", async () => {
    const door = await startDoor();
    const { status, body } = await upload(door, new Uint8Array(190_000), { key: "pro_invented" });
    expect(status).toBe(401);
    expect(body.code).toBe("invalid_api_key");
  });
});

describe("413", () => {
  it("refuses what is larger than an upload may be", async () => {
    const door = await startDoor({ flags: { uploadSizeBytesMax: 1000 } });
    const large = Buffer.concat([heads.png, Buffer.alloc(2000)]);
    const huge = Buffer.concat([heads.png, Buffer.alloc(200_000)]);
    expect((await upload(door, large)).body.code).toBe("payload_too_large");
    expect((await upload(door, huge)).status).toBe(413);
  });
});

describe("415", () => {
  it.each([
    ["html", heads.html],
    ["svg", heads.svg],
    ["exe", heads.exe],
    ["text", heads.text],
  ])("takes no %s, whatever its name says", async (_, bytes) => {
    const { status, body } = await upload(await startDoor(), bytes);
    expect(status).toBe(415);
    expect(body.code).toBe("unsupported_media_type");
  });

  it("takes no JSON", async () => {
    expect((await call(await startDoor(), "POST", PATH, { body: {} })).status).toBe(415);
  });
});
