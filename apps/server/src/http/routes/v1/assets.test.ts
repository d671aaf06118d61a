import { describe, expect, it } from "vitest";
import { heads } from "../../../../test/assets/files.ts";
import { call, post, toSignedInit } from "../../../../test/http/call.ts";
import { type Door, OTHER_KEY, startDoor } from "../../../../test/http/start-door.ts";

const PATH = "/api/v1/assets";
const size = heads.wav.length;

async function upload(door: Door, bytes: Uint8Array = heads.wav, name = "voice.wav") {
  const form = new Response(
    (() => {
      const data = new FormData();
      data.set("file", new Blob([new Uint8Array(bytes)]), name);
      return data;
    })(),
  );
  const type = form.headers.get("content-type") ?? "";
  const { body } = await call(door, "POST", "/api/v1/upload", {
    body: await form.bytes(),
    headers: { "Content-Type": type },
  });
  return body as { id: string; url: string; localPath: string };
}

async function render(door: Door): Promise<{ jobId: string; assetId: string }> {
  const input = { description: "a Viking warrior", seed: 7 };
  const { body } = await post(door, "/api/v1/generate", { workflow: "portrait", input });
  return { jobId: body.id, assetId: body.result.assets[0].id };
}

const get = async (door: Door, path: string, headers: Record<string, string> = {}, method = "GET") =>
  fetch(door.url + path, await toSignedInit(method, path, { headers }));

describe("the files of an owner", () => {
  it("are listed, whether they were brought or made, and filtered", async () => {
    const door = await startDoor();
    const { id } = await upload(door);
    const { jobId, assetId } = await render(door);
    const list = async (query: string) => {
      const { body } = await call(door, "GET", `${PATH}${query}`);
      return body.assets.map((asset: { id: string }) => asset.id);
    };
    expect(await list("")).toEqual([assetId, id]);
    expect(await list("?source=upload")).toEqual([id]);
    expect(await list("?type=image")).toEqual([assetId]);
    expect(await list(`?job=${jobId}`)).toEqual([assetId]);
    expect((await call(door, "GET", PATH, { key: OTHER_KEY })).body.assets).toEqual([]);
    expect((await call(door, "GET", `${PATH}?type=text/html`)).status).toBe(400);
    expect((await call(door, "GET", `${PATH}?colour=red`)).status).toBe(400);
  });

  it("tell how they were made, when they were made here", async () => {
    const door = await startDoor();
    const { jobId, assetId } = await render(door);
    const { status, body } = await call(door, "GET", `${PATH}/${assetId}`);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      id: assetId,
      jobId,
      source: "output",
      provenance: { workflow: "portrait", version: 1, seed: 7, model: "flux-schnell" },
    });
    expect(body.provenance.input.positive).toContain("Viking");
    const { id } = await upload(door);
    expect((await call(door, "GET", `${PATH}/${id}`)).body).not.toHaveProperty("provenance");
  });

  it("are downloaded whole, in ranges, as their headers alone, or not again", async () => {
    const door = await startDoor();
    const { id } = await upload(door);
    const path = `${PATH}/${id}/content`;
    const whole = await get(door, path);
    expect(whole.status).toBe(200);
    expect(Buffer.from(await whole.arrayBuffer())).toEqual(heads.wav);
    expect(whole.headers.get("cache-control")).toBe("private, no-cache");
    const part = await get(door, path, { Range: "bytes=-4" });
    expect(part.status).toBe(206);
    expect(part.headers.get("content-range")).toBe(`bytes ${size - 4}-${size - 1}/${size}`);
    const head = await get(door, path, {}, "HEAD");
    expect([head.status, head.headers.get("content-length")]).toEqual([200, String(size)]);
    const etag = whole.headers.get("etag") ?? "";
    expect((await get(door, path, { "If-None-Match": etag })).status).toBe(304);
    expect((await get(door, path, { Range: "bytes=99999-" })).status).toBe(416);
  });

  it("are opened by links that live as long as was asked for", async () => {
    const door = await startDoor();
    const { id } = await upload(door);
    const before = Date.now();
    const { status, body } = await post(door, `${PATH}/${id}/sign`, { ttlSeconds: 60, disposition: "attachment" });
    expect(status).toBe(200);
    const livesMs = Date.parse(body.expiresAt) - before;
    expect(livesMs).toBeGreaterThan(59_000);
    expect(livesMs).toBeLessThan(120_000);
    const opened = await fetch(body.url);
    expect(opened.status).toBe(200);
    expect(opened.headers.get("content-disposition")).toMatch(/^attachment/);
    expect((await fetch(body.url.replace("attachment", "inline"))).status).toBe(403);
    expect((await post(door, `${PATH}/${id}/sign`, {})).status).toBe(200);
  });

  it.each([59, 604_801, 1.5, "3600"])("have no link of %s seconds", async (ttlSeconds) => {
    const door = await startDoor();
    const { id } = await upload(door);
    expect((await post(door, `${PATH}/${id}/sign`, { ttlSeconds })).status).toBe(400);
  });

  it("are deleted: no link opens them any more, and no list shows them", async () => {
    const door = await startDoor();
    const { id, url } = await upload(door);
    expect((await call(door, "DELETE", `${PATH}/${id}`)).status).toBe(204);
    expect((await fetch(url)).status).toBe(404);
    expect((await call(door, "GET", PATH)).body.assets).toEqual([]);
    expect((await call(door, "DELETE", `${PATH}/${id}`)).body.code).toBe("asset_not_found");
  });

  it("stay while a job needs them", async () => {
    const door = await startDoor();
    const { id } = await upload(door);
    door.records.hold(id);
    expect(await call(door, "DELETE", `${PATH}/${id}`)).toMatchObject({ status: 409, body: { code: "asset_in_use" } });
  });

  it("are nobody else's: to another key none of them exists", async () => {
    const door = await startDoor();
    const { id } = await upload(door);
    const key = OTHER_KEY;
    for (const reply of [
      await call(door, "GET", `${PATH}/${id}`, { key }),
      await call(door, "GET", `${PATH}/${id}/content`, { key }),
      await post(door, `${PATH}/${id}/sign`, {}, { key }),
      await call(door, "DELETE", `${PATH}/${id}`, { key }),
    ])
      expect(reply).toMatchObject({ status: 404, body: { code: "asset_not_found" } });
  });
});
