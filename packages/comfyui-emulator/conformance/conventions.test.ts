import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { send, sendJson } from "./http.ts";
import { openTarget, type Target } from "./target.ts";

let target: Target;
let host: string;
beforeAll(async () => {
  target = await openTarget();
  host = new URL(target.url).host;
});
afterAll(() => target.close());

const get = (path: string, headers: Record<string, string> = {}) => send(target.url, { path, headers });

describe("every route", () => {
  it("is there under /api, too, apart from /internal", async () => {
    for (const path of [
      "/prompt",
      "/queue",
      "/history",
      "/object_info/SaveImage",
      "/system_stats",
      "/features",
      "/models",
      "/embeddings",
    ]) {
      expect((await get(`/api${path}`)).status, path).toBe(200);
    }
    expect((await get("/api/internal/folder_paths")).status).toBe(404);
  });

  it("answers 404 with nothing to a GET of an unknown path, 405 with the reason to other methods", async () => {
    const unknown = await get(`/${randomUUID()}`);
    expect([unknown.status, unknown.text]).toEqual([404, ""]);
    const posted = await send(target.url, { method: "POST", path: `/${randomUUID()}` });
    expect([posted.status, posted.text, posted.headers.allow]).toEqual([405, "405: Method Not Allowed", "GET,HEAD"]);
  });

  it("answers 404 to GET where only POST is known, 405 with what is allowed to other methods", async () => {
    expect((await get("/interrupt")).status).toBe(404);
    const put = await send(target.url, { method: "PUT", path: "/queue" });
    expect(put.status).toBe(405);
    expect(put.headers.allow?.split(",").toSorted()).toEqual(["GET", "HEAD", "POST"]);
  });

  it("answers OPTIONS with 200 and nothing, known or not", async () => {
    for (const path of ["/prompt", `/${randomUUID()}`]) {
      const answer = await send(target.url, { method: "OPTIONS", path });
      expect([answer.status, answer.text]).toEqual([200, ""]);
    }
  });

  it("answers HEAD where it answers GET", async () => {
    const answer = await send(target.url, { method: "HEAD", path: "/queue" });
    expect([answer.status, answer.text]).toEqual([200, ""]);
  });

  it("speaks JSON with a charset", async () => {
    for (const path of ["/prompt", "/queue", "/history", "/system_stats", "/object_info/SaveImage"]) {
      expect((await get(path)).headers["content-type"], path).toBe("application/json; charset=utf-8");
    }
  });

  it("ends the connection after a crash", async () => {
    const answer = await send(target.url, { method: "POST", path: "/queue", body: "not json" });
    expect([answer.status, answer.headers.connection, answer.bytes.length]).toEqual([500, "close", 55]);
  });

  it.for(["/prompt", "/queue", "/history", "/free"])("crashes for a body that is no JSON: %s", async (path) => {
    for (const body of ["not json", ""]) {
      expect((await send(target.url, { method: "POST", path, body })).status).toBe(500);
    }
  });

  it("refuses a body beyond what /features allows, with 413", async () => {
    const { max_upload_size: limit } = Object((await get("/features")).json());
    const answer = await send(target.url, { method: "POST", path: "/prompt", body: Buffer.alloc(limit + 1, " ") });
    expect(answer.status).toBe(413);
    expect(answer.text).toContain(`Maximum request body size ${limit} exceeded`);
  });
});

describe("the origin check", () => {
  const statusOf = async (headers: Record<string, string>): Promise<number> => (await get("/prompt", headers)).status;

  it("refuses pages of other origins on a loopback host, with 403 and nothing", async () => {
    const { port } = new URL(target.url);
    const refused = await get("/prompt", { host, origin: "http://evil.example" });
    expect([refused.status, refused.text]).toEqual([403, ""]);
    expect(await statusOf({ host: `127.0.0.1:${port}`, origin: `http://localhost:${port}` })).toBe(403);
  });

  it("lets its own pages, pages without an origin and programs in", async () => {
    expect(await statusOf({ host, origin: `http://${host}` })).toBe(200);
    expect(await statusOf({ host: "127.0.0.1:8188", origin: "http://127.0.0.1" })).toBe(200);
    expect(await statusOf({ host, origin: "null" })).toBe(200);
    expect(await statusOf({ host })).toBe(200);
  });

  it("is not made for hosts beyond loopback", async () => {
    expect(await statusOf({ host: "example.com", origin: "http://evil.example" })).toBe(200);
  });

  it("guards the socket, too", async () => {
    const headers = { host, origin: "http://evil.example", connection: "Upgrade", upgrade: "websocket" };
    const handshake = { ...headers, "sec-websocket-version": "13", "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==" };
    expect((await get("/ws", handshake)).status).toBe(403);
  });
});

describe("POST bodies", () => {
  it.for(["/queue", "/history"])("of %s may be a list or text, which asks for nothing", async (path) => {
    for (const body of ["[]", '"x"']) {
      expect((await send(target.url, { method: "POST", path, body })).status, body).toBe(200);
    }
    expect((await send(target.url, { method: "POST", path, body: "null" })).status).toBe(500);
  });

  it("of /free may be an empty object", async () => {
    const answer = await sendJson(target.url, "/free", {});
    expect([answer.status, answer.text]).toEqual([200, ""]);
  });
});
