import { createHash } from "node:crypto";
import { once } from "node:events";
import { type ClientRequest, createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { heads } from "../../../../test/assets/files.ts";
import { call, post, send, toSignedInit } from "../../../../test/http/call.ts";
import { makeKey } from "../../../../test/http/key-calls.ts";
import { type Door, OTHER_KEY, PRO_KEY, startDoor } from "../../../../test/http/start-door.ts";

const UPLOAD = "/api/v1/upload";
const FETCH = "/api/v1/uploads/fetch";
const BOUNDARY = "----of-a-test";
const TYPE = `multipart/form-data; boundary=${BOUNDARY}`;
const start = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n`;
const form = Buffer.concat([Buffer.from(start), heads.png, Buffer.from(`\r\n--${BOUNDARY}--\r\n`)]);

/** A request whose body begins and never ends, until the test is over. */
function hold(url: string, method: string, headers: Record<string, string>, body: Uint8Array): ClientRequest {
  const held = request(url, { method, headers: { ...headers, "Content-Length": "100000" }, agent: false });
  held.on("error", () => {});
  held.write(body);
  onTestFinished(() => void held.destroy());
  return held;
}

const statusOf = async (held: ClientRequest): Promise<number> => {
  const [response] = await once(held, "response");
  response.resume();
  return response.statusCode;
};

/** What anybody can write who has seen a key: by version 1 nothing is proven before the last byte. */
const holdUnproven = (door: Door, key = PRO_KEY) => {
  const signature = { "X-Timestamp": String(Date.now()), "X-Signature": "a".repeat(64) };
  const headers = { "X-API-Key": key, ...signature, "Content-Type": TYPE };
  return hold(door.url + UPLOAD, "POST", headers, Buffer.from(start));
};

const upload = async (door: Door, version: 1 | 2, key?: string) =>
  send(
    door,
    UPLOAD,
    await toSignedInit("POST", UPLOAD, { ...(key && { key }), version, body: form, headers: { "Content-Type": TYPE } }),
  );

it("an address that proves nothing has few of the places, takes none of those who have proven themselves, and pays", async () => {
  const failed: string[] = [];
  const ipGuard = {
    async assertWelcome() {},
    async recordFailure(ip: string) {
      failed.push(ip);
    },
  };
  const door = await startDoor({ deps: { ipGuard } });
  const held = Array.from({ length: 17 }, () => holdUnproven(door));
  expect(await Promise.race(held.map(statusOf))).toBe(503);
  expect(await upload(door, 1)).toMatchObject({ status: 503, body: { code: "unavailable" } });
  expect((await upload(door, 2)).status).toBe(201);
  expect(failed).toEqual([]);
  for (const one of held) one.destroy();
  await expect.poll(() => failed).toEqual(Array.from({ length: 16 }, () => "127.0.0.1"));
  await expect.poll(async () => (await upload(door, 1)).status).toBe(201);
});

it("a key that may not upload is refused before its body has come", async () => {
  const door = await startDoor();
  const { made } = await makeKey(door, { scopes: ["read"] });
  expect(await statusOf(holdUnproven(door, made.key))).toBe(403);
});

it("an owner has some of the places for uploads, and another one finds a place", async () => {
  const door = await startDoor();
  const held = await Promise.all(
    Array.from({ length: 17 }, async () => {
      const init = await toSignedInit("POST", UPLOAD, { body: form, headers: { "Content-Type": TYPE } });
      return hold(door.url + UPLOAD, "POST", Object.fromEntries(new Headers(init.headers)), Buffer.from(start));
    }),
  );
  expect(await Promise.race(held.map(statusOf))).toBe(503);
  expect((await upload(door, 2)).status).toBe(503);
  expect((await upload(door, 2, OTHER_KEY)).status).toBe(201);
});

it("whoever holds the links of some uploads takes the places of their owner, not those of others", async () => {
  const door = await startDoor();
  const bytes = Buffer.concat([heads.wav, Buffer.alloc(1_000)]);
  const linkOf = async (key: string) => {
    const made = await post(door, "/api/v1/uploads", { name: "a.wav", sizeBytes: bytes.length }, { key });
    return made.body.parts[0].url as string;
  };
  // One upload may be on its way four times over, no more.
  const own = await Promise.all([1, 2, 3, 4, 5].map(() => linkOf(PRO_KEY)));
  const other = await linkOf(OTHER_KEY);
  const headers = { "X-Content-SHA256": createHash("sha256").update(bytes).digest("hex") };
  const held = Array.from({ length: 17 }, (_, n) => {
    const part = request(own[n % own.length] ?? "", {
      method: "PUT",
      agent: false,
      headers: { ...headers, "Content-Length": bytes.length },
    });
    part.on("error", () => {});
    part.write(heads.wav);
    onTestFinished(() => void part.destroy());
    return part;
  });
  expect(await Promise.race(held.map(statusOf))).toBe(503);
  const put = (url: string) => fetch(url, { method: "PUT", body: new Uint8Array(bytes), headers });
  expect((await put(own.at(-1) ?? "")).status).toBe(503);
  expect((await put(other)).status).toBe(200);
});

it("an owner that fetches from addresses which never answer leaves the other fetches alone", async () => {
  const door = await startDoor();
  let waiting = 0;
  const server = createServer((req, res) => {
    if (req.url === "/slow") waiting += 1;
    else res.end(heads.png);
  }).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close().closeAllConnections());
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const over = new AbortController();
  onTestFinished(() => over.abort());
  for (let n = 0; n < 4; n++) post(door, FETCH, { url: `${url}/slow` }, { signal: over.signal }).catch(() => undefined);
  await expect.poll(() => waiting).toBe(4);
  expect((await post(door, FETCH, { url: `${url}/a.png` })).status).toBe(503);
  expect((await post(door, FETCH, { url: `${url}/a.png` }, { key: OTHER_KEY })).status).toBe(201);
  expect((await call(door, "GET", "/api/v1/assets")).status).toBe(200);
});
