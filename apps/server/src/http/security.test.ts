import { headerNames, productContract, type RouteMetadata, v1Contract } from "@comfy/contracts";
import { listRoutes, metadataOf } from "@comfy/contracts/openapi";
import { describe, expect, it } from "vitest";
import { heads } from "../../test/assets/files.ts";
import { type CallOptions, call, type Reply, send, toSignedInit } from "../../test/http/call.ts";
import { ADMIN_KEY, type Door, PRO_KEY, startDoor } from "../../test/http/start-door.ts";

interface Case {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly metadata: RouteMetadata;
  readonly isStreamed: boolean;
}

const sampleIds: Readonly<Record<string, string>> = {
  kind: "portrait",
  id: "019ac1f0-0000-7000-8000-000000000000",
  asset: "019ac1f0-0000-7000-8000-000000000000",
  name: "portrait.png",
  deliveryId: "019ac1f0-0000-7000-8000-000000000000",
};

const cases: Case[] = listRoutes({ product: productContract, v1: v1Contract }).map((listed) => ({
  name: `${listed.route.method} ${listed.route.path}`,
  method: listed.route.method,
  path: listed.route.path.replaceAll(/:(\w+)/g, (_, name: string) => sampleIds[name] ?? name),
  metadata: metadataOf(listed),
  isStreamed: Object(listed.route.metadata).streams === true,
}));
const signed = cases
  .filter(({ metadata }) => ["signed", "admin"].includes(metadata.access))
  .map((route) => [route.name, route] as const);
const known = cases
  .filter(({ metadata }) => ["signed", "admin", "key"].includes(metadata.access))
  .map((route) => [route.name, route] as const);

/** A wrong body: a route that looked at it before it asked who is calling would answer 400. */
const BAD_BODY = '{"__proto__":';

/** What a route that reads a stream reads: of a body by version 1 nothing is known before its end. */
const toForm = (file: Uint8Array) =>
  Buffer.concat([
    Buffer.from('--b\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'),
    ...[file, Buffer.from("\r\n--b--\r\n")],
  ]);

function ask(door: Door, { method, path, isStreamed }: Case, options: CallOptions = {}): Promise<Reply> {
  if (!isStreamed)
    return call(door, method, path, { ...(["POST", "PATCH"].includes(method) && { body: BAD_BODY }), ...options });
  const headers = { "Content-Type": "multipart/form-data; boundary=b", ...options.headers };
  return call(door, method, path, { body: toForm(heads.png), ...options, headers });
}

function expectRefusal(reply: Reply, code: string): void {
  expect(reply.status).toBe(401);
  expect(reply.body).toEqual({
    error: expect.any(String),
    code,
    requestId: reply.headers.get(headerNames.requestId),
    ...(code === "signature_expired" && { details: expect.anything() }),
  });
  expect(reply.headers.get("www-authenticate")).not.toBeNull();
  expect(reply.headers.get("x-ratelimit-limit")).toBeNull();
}

describe.each(known)("%s", (_, route) => {
  it("refuses a caller without a key before it looks at anything else", async () => {
    const door = await startDoor();
    expectRefusal(await ask(door, route, { headers: { "X-API-Key": undefined } }), "missing_api_key");
  });

  it("refuses keys it does not know", async () => {
    const door = await startDoor();
    for (const key of ["pro_unknown", "constructor", "__proto__", `${PRO_KEY}, ${PRO_KEY}`])
      expectRefusal(await ask(door, route, { key, headers: { "X-API-Key": key } }), "invalid_api_key");
  });

  it.each([1, 2] as const)("refuses a signature of another secret (version %s)", async (version) => {
    const door = await startDoor();
    expectRefusal(await ask(door, route, { version, secret: "another secret, long enough" }), "invalid_signature");
  });

  it("refuses signatures from outside the five minutes, either way", async () => {
    const door = await startDoor();
    for (const offsetMs of [-301_000, 301_000])
      expectRefusal(await ask(door, route, { timestampMs: Date.now() + offsetMs }), "signature_expired");
  });

  it("refuses a version 2 signature that was made for another path", async () => {
    const door = await startDoor();
    expectRefusal(await ask(door, route, { target: "/elsewhere" }), "invalid_signature");
  });

  it("ends guessing by address, and a bad signature never spends the limits of the key it names", async () => {
    const door = await startDoor({ failuresPerMinute: 2 });
    const guess = () => ask(door, route, { secret: "another secret, long enough" });
    const statuses = [(await guess()).status, (await guess()).status, (await guess()).status];
    expect(statuses).toEqual([401, 401, 429]);
    const { headers } = await ask(await startDoor(), route);
    const limit = Number(headers.get("x-ratelimit-limit"));
    expect(Number(headers.get("x-ratelimit-remaining"))).toBe(limit - 1);
  });

  it("tells the limits with every answer to a known caller, errors included", async () => {
    const { status, headers } = await ask(await startDoor(), route);
    // Only lists find nothing to refuse.
    if (route.method === "GET" && status === 200) expect(route.name).toMatch(/\/(jobs|webhooks|me|keys|usage|assets)$/);
    else if (route.isStreamed) expect(status).toBe(201);
    else expect(status).toBeGreaterThanOrEqual(400);
    for (const name of [
      "x-ratelimit-limit",
      "x-ratelimit-remaining",
      "x-ratelimit-reset",
      "ratelimit",
      "ratelimit-policy",
    ])
      expect(headers.get(name), name).not.toBeNull();
  });
});

describe.each(signed)("%s", (_, route) => {
  it.each([
    ["x-timestamp", undefined, "missing_timestamp"],
    ["x-timestamp", "12345", "invalid_timestamp"],
    ["x-timestamp", "1704912345000abc", "invalid_timestamp"],
    ["x-signature", undefined, "missing_signature"],
    ["x-signature", "A".repeat(64), "invalid_signature"],
    ["x-signature", "0".repeat(63), "invalid_signature"],
    ["x-signature-version", "3", "unsupported_signature_version"],
    ["x-nonce", undefined, "missing_nonce"],
    ["x-nonce", "short", "invalid_signature"],
    ["x-content-sha256", undefined, "missing_content_sha256"],
  ])("refuses %s: %s", async (name, value, code) => {
    expectRefusal(await ask(await startDoor(), route, { headers: { [name]: value } }), code);
  });
});

it.each(signed.filter(([, { method }]) => method !== "GET"))(
  "%s refuses other bytes than the signed ones",
  async (_, route) => {
    const door = await startDoor();
    for (const version of [1, 2] as const) {
      const { isStreamed } = route;
      const headers = isStreamed ? { "Content-Type": "multipart/form-data; boundary=b" } : {};
      const [own, other] = isStreamed
        ? [toForm(heads.png), toForm(heads.wav)]
        : ['{"description":"a"}', '{"description":"b"}'];
      const init = await toSignedInit(route.method, route.path, { body: own, version, headers });
      const refused = await send(door, route.path, {
        ...init,
        body: typeof other === "string" ? other : new Uint8Array(other),
      });
      expect([refused.status, refused.body.code]).toEqual([401, "invalid_signature"]);
    }
  },
);

describe("routes for operators", () => {
  const admin = cases
    .filter(({ metadata }) => metadata.access === "admin")
    .map((route) => [route.name, route] as const);

  it("are every route under /api/v1/admin", () => {
    const under = cases.filter(({ path }) => path.startsWith("/api/v1/admin/")).map(({ name }) => name);
    expect(under.length).toBeGreaterThan(2);
    expect(admin.map(([name]) => name)).toEqual(under);
  });

  it.each(admin)("%s refuses keys without the scope, however well they sign", async (_, route) => {
    const { status, body } = await ask(await startDoor(), route);
    expect([status, body.code]).toEqual([403, "access_denied"]);
  });

  it.each(admin)("%s wants a signature: the key alone opens nothing", async (_, { method, path }) => {
    const { status } = await send(await startDoor(), path, { method, headers: { "X-API-Key": ADMIN_KEY } });
    expect(status).toBe(401);
  });
});

describe("behind a public path prefix", () => {
  it("version 2 covers the prefix that the caller sees", async () => {
    const door = await startDoor({ publicUrl: "https://example.com/comfy" });
    const options = { body: { description: "Viking warrior" } };
    expect((await call(door, "POST", "/portrait", { ...options, target: "/comfy/portrait" })).status).toBe(200);
    expect((await call(door, "POST", "/portrait", options)).status).toBe(401);
  });
});
