import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { post, send } from "../../test/http/call.ts";
import { startDoor } from "../../test/http/start-door.ts";
import type { ReadJob } from "../jobs/read-job.ts";
import type { Log } from "../log.ts";

describe("request ids", () => {
  it("are the caller's where they are harmless", async () => {
    const { headers } = await send(await startDoor(), "/ping", { headers: { "X-Request-Id": "trace-1.a:b_c" } });
    expect(headers.get("x-request-id")).toBe("trace-1.a:b_c");
  });

  it.each(["a b", "<script>", "x".repeat(129), ""])("are ours where they are %j", async (given) => {
    const { headers } = await send(await startDoor(), "/ping", { headers: { "X-Request-Id": given } });
    expect(headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe("browsers", () => {
  const origin = "https://app.example.com";

  it("are told to run, frame and guess nothing", async () => {
    const { headers } = await send(await startDoor(), "/ping");
    expect(headers.get("content-security-policy")).toBe("default-src 'none';frame-ancestors 'none'");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("x-powered-by")).toBeNull();
  });

  it("of other sites are kept out unless their origin is listed", async () => {
    const { headers } = await send(await startDoor(), "/ping", { headers: { Origin: origin } });
    expect(headers.get("access-control-allow-origin")).toBeNull();
    const door = await startDoor({ flags: { corsOrigins: [origin] } });
    const listed = await send(door, "/ping", { headers: { Origin: origin } });
    expect(listed.headers.get("access-control-allow-origin")).toBe(origin);
    expect(listed.headers.get("vary")).toContain("Origin");
    expect(listed.headers.get("access-control-expose-headers")).toContain("x-ratelimit-remaining");
    const other = await send(door, "/ping", { headers: { Origin: "https://evil.example.com" } });
    expect(other.headers.get("access-control-allow-origin")).toBeNull();
  });

  it("learn from a preflight which headers they may send", async () => {
    const door = await startDoor({ flags: { corsOrigins: [origin] } });
    const headers = { Origin: origin, "Access-Control-Request-Method": "POST" };
    const reply = await send(door, "/portrait", { method: "OPTIONS", headers });
    expect(reply.status).toBe(204);
    expect(reply.headers.get("access-control-allow-headers")).toContain("x-signature");
  });
});

describe("paths", () => {
  it.each([
    "/",
    "/PORTRAIT",
    "/portrait/sync",
    "//portrait",
    "/portrait%2fasync",
    "/.env",
    "/jobs",
    "/docs/../etc/passwd",
    "/docs/%2e%2e/x",
  ])("that are not in the contract are 404 in JSON: %s", async (path) => {
    const { status, body } = await send(await startDoor(), path);
    expect(status).toBe(404);
    expect(body).toMatchObject({ code: "not_found", error: expect.any(String) });
  });

  it.each([
    ["DELETE", "/portrait", "POST"],
    ["PUT", "/jobs/portrait/1", "GET, HEAD"],
    ["POST", "/health", "GET, HEAD"],
    ["POST", "/openapi.json", "GET, HEAD"],
  ])("take only their methods: %s %s", async (method, path, allow) => {
    const { status, headers } = await send(await startDoor(), path, { method });
    expect(status).toBe(405);
    expect(headers.get("allow")).toBe(allow);
  });

  it("say which methods they take when asked", async () => {
    const { status, headers } = await send(await startDoor(), "/portrait", { method: "OPTIONS" });
    expect(status).toBe(204);
    expect(headers.get("allow")).toBe("POST");
  });
});

describe("health", () => {
  it("is open to everyone and counts against nothing", async () => {
    const door = await startDoor();
    for (const path of ["/health", "/ping"]) {
      const { status, headers } = await send(door, path);
      expect(status).toBe(200);
      expect(headers.get("x-ratelimit-limit")).toBeNull();
      expect(headers.get("cache-control")).toBe("no-store");
    }
  });

  it.each([
    ["degraded", 200],
    ["unhealthy", 503],
  ] as const)("that is %s is answered with %s", async (word, status) => {
    const readHealth = async () => {
      return { status: word, gpu: { reachable: false }, latency_ms: 3, version: "1", durability: "process" as const };
    };
    const reply = await send(await startDoor({ verbs: { readHealth } }), "/health");
    expect(reply.status).toBe(status);
    expect(reply.body).toMatchObject({ status: word, gpu: { reachable: false }, latency_ms: 3 });
  });

  it("tells nothing that the contract does not name", async () => {
    const readHealth = async () => {
      const health = { status: "healthy" as const, gpu: { reachable: true }, latency_ms: 3, version: "1" };
      return { ...health, durability: "process" as const, databaseUrl: "postgres://user:secret@db" };
    };
    const { body } = await send(await startDoor({ verbs: { readHealth } }), "/health");
    expect(JSON.stringify(body)).not.toContain("secret");
  });
});

describe("draining", () => {
  it("is said with Connection: close, so that callers move to another instance", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const entered = Promise.withResolvers<void>();
    const door = await startDoor({
      verbs: {
        ping: async () => {
          entered.resolve();
          await promise;
          return { reachable: true, latency_ms: 1 };
        },
      },
    });
    const held = send(door, "/ping");
    await entered.promise;
    const drained = door.server.drain(AbortSignal.timeout(5_000));
    resolve();
    expect((await held).status).toBe(200);
    await drained;
    await expect(send(door, "/ping")).rejects.toThrow();
  });

  it("cuts what has not finished by the deadline", async () => {
    const entered = Promise.withResolvers<void>();
    const door = await startDoor({
      verbs: {
        ping: () => {
          entered.resolve();
          return new Promise(() => {});
        },
      },
    });
    const held = send(door, "/ping").catch((error: unknown) => error);
    await entered.promise;
    await door.server.drain(AbortSignal.timeout(50));
    expect(await held).toBeInstanceOf(Error);
  });

  it("tells who waits for a job where it goes on before the connection is cut", async () => {
    const door = await startDoor({ isIdle: true });
    const held = post(door, "/portrait", { description: "Viking warrior" });
    await expect.poll(() => door.accepted.length).toBe(1);
    await door.server.drain(AbortSignal.timeout(50));
    const { status, body } = await held;
    expect(status).toBe(504);
    expect(body).toMatchObject({ code: "deadline_exceeded", jobId: door.accepted[0] });
    expect(body.error).toContain(`/jobs/portrait/${door.accepted[0]}`);
  });

  it("ends long polls at once, with the job as it stands", async () => {
    const entered = Promise.withResolvers<void>();
    const readJob: ReadJob = async ({ id, signal }) => {
      entered.resolve();
      await once(signal, "abort");
      const job = await door.jobs.find(id);
      if (!job) throw new Error("The job is gone.");
      return job;
    };
    const door = await startDoor({ isIdle: true, verbs: { readJob } });
    const { body } = await post(door, "/portrait/async", { description: "Viking warrior" });
    const held = fetch(`${door.url}${body.pollUrl}?wait=25`, { headers: { "X-API-Key": "pro_first" } });
    await entered.promise;
    await door.server.drain(AbortSignal.timeout(5_000));
    expect(await (await held).json()).toMatchObject({ status: "pending" });
  });
});

describe("the log", () => {
  it("has one line per request with its id, key and status, and neither secrets nor queries", async () => {
    const lines: object[] = [];
    const keep = (fields: object, message: string) => void lines.push({ ...fields, message });
    const log: Log = { debug: keep, info: keep, warn: keep, error: keep, with: () => log };
    const door = await startDoor({ deps: { log } });
    const { body, headers } = await post(door, "/portrait", { description: "Viking warrior" });
    await fetch(body.signedUrl).then((response) => response.bytes());
    await expect.poll(() => lines.length).toBe(3);
    const text = JSON.stringify(lines);
    expect(lines[1]).toMatchObject({
      requestId: headers.get("x-request-id"),
      method: "POST",
      path: "/portrait",
      status: 200,
    });
    expect(lines[2]).toMatchObject({ method: "GET", status: 200 });
    for (const secret of ["sig=", "pro_first", "Viking", new URL(body.signedUrl).searchParams.get("sig") ?? "sig"])
      expect(text).not.toContain(secret);
  });

  it("holds the cause of what nobody foresaw, which the caller is not told", async () => {
    const lines: object[] = [];
    const keep = (fields: object) => void lines.push(fields);
    const log: Log = { debug: keep, info: keep, warn: keep, error: keep, with: () => log };
    const ping = async () => {
      throw new Error("the disk is on fire");
    };
    const { status, body } = await send(await startDoor({ deps: { log }, verbs: { ping } }), "/ping");
    expect(status).toBe(500);
    expect(JSON.stringify(body)).not.toContain("disk");
    expect(lines).toContainEqual(
      expect.objectContaining({ code: "internal_error", cause: new Error("the disk is on fire") }),
    );
  });
});
