import { inspect } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import { AuthenticationError, type ClientOptions, ComfyClient, ComfyError, ConfigError } from "../src/index.ts";
import { type Handler, json, KEY, RESULT, refusalOf, SECRET, startService, wellBehaved } from "./fake-service.ts";

let service: Awaited<ReturnType<typeof startService>>;
afterEach(() => service?.close());

const start = async (routes: Record<string, Handler>, options: ClientOptions = {}, prefix = "") => {
  service = await startService(routes);
  return new ComfyClient({ baseUrl: service.url + prefix, apiKey: KEY, apiSecret: SECRET, ...options });
};

const verifying =
  (nowMs = () => Date.now()): Handler =>
  async (request, response) => {
    const refusal = await refusalOf(request, nowMs());
    const headers = { date: new Date(nowMs()).toUTCString() };
    if (refusal)
      json(response, 401, { error: "Request expired (timestamp too old or future)", code: refusal }, headers);
    else json(response, 200, { ok: true }, headers);
  };

describe("every request", () => {
  it.each(["v1", "v2"] as const)(
    "carries a %s signature the service accepts, over the exact bytes",
    async (signing) => {
      const comfy = await start({ "*": verifying() }, { signing }, "/prefix/of it");
      const bodies = ["é 🎨", "\ud83d", "a\r\nb", "\ufeffx", "", "x".repeat(1_000_000)];
      for (const text of bodies) await comfy.request("POST", "/portrait?note=a b&x=🔑", { text });
      for (const method of ["get", "delete", "post"]) await comfy.request(method, "/anything");
      expect(await Promise.all(service.requests.map((request) => refusalOf(request)))).toEqual(
        Array(9).fill(undefined),
      );
      expect(service.requests[0]?.target).toBe("/prefix/of%20it/portrait?note=a%20b&x=%F0%9F%94%91");
    },
  );

  it("without a body is sent without one, and without a content type", async () => {
    const comfy = await start({ "*": verifying() });
    await comfy.request("GET", "/api/v1/usage");
    await comfy.request("POST", "/api/v1/keys/rotate");
    for (const { body, headers } of service.requests) {
      expect(body).toBe("");
      expect(headers["content-type"]).toBeUndefined();
    }
  });

  it("prints its body once, so that what is signed is what is sent", async () => {
    const comfy = await start({
      ...wellBehaved,
      "POST /portrait/async": (_, response, number) =>
        number ? json(response, 202, { jobId: "j1" }) : json(response, 429, {}, { "retry-after": "0.01" }),
    });
    let printed = 0;
    const style = { toJSON: () => `print ${++printed}` };
    await comfy.submit("portrait", { description: "x", style: style as unknown as string });
    expect(printed).toBe(1);
    const bodies = service.of("POST /portrait/async").map(({ body }) => body);
    expect(bodies).toEqual(Array(2).fill('{"description":"x","style":"print 1"}'));
  });

  it("asks for the secret anew before every attempt and signs anew, with the same idempotency key", async () => {
    let asked = 0;
    const apiSecret = async () => (asked++ ? SECRET : "outdated");
    const routes: Record<string, Handler> = {
      "*": (_, response, number) => json(response, number ? 200 : 429, { jobId: "j1" }, { "retry-after": "0.01" }),
    };
    const comfy = await start(routes, { apiSecret });
    await comfy.submit("portrait", { description: "x" });
    const [first, second] = service.requests;
    if (!first || !second) throw new Error("expected two attempts");
    expect(await refusalOf(first)).toBe("badSignature");
    expect(await refusalOf(second)).toBeUndefined();
    expect(second.headers["idempotency-key"]).toMatch(/^[0-9a-f]{32}$/);
    expect(second.headers["idempotency-key"]).toBe(first.headers["idempotency-key"]);
    expect(second.headers["x-nonce"]).not.toBe(first.headers["x-nonce"]);
  });

  it.each([-20, 20])("corrects a clock that is %i minutes off, once", async (minutes) => {
    const comfy = await start({ "*": verifying(() => Date.now() + minutes * 60_000) });
    expect(await comfy.request("GET", "/a")).toEqual({ ok: true });
    expect(await comfy.request("GET", "/b")).toEqual({ ok: true });
    expect(service.requests).toHaveLength(3);
  });

  it("does not loop when the corrected clock is refused too, and names the reason", async () => {
    const comfy = await start({
      "*": (_, response) => json(response, 401, { error: "Request expired", code: "signature_expired" }),
    });
    const error: unknown = await comfy.request("GET", "/a").catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(AuthenticationError);
    expect(error).toMatchObject({ reason: "clock_skew" });
    expect(service.requests).toHaveLength(2);
  });

  it("does not correct its clock over a wrong secret or key", async () => {
    const codes = ["invalid_signature", "invalid_api_key"];
    const comfy = await start({
      "*": (_, response, number) => json(response, 401, { error: codes[number], code: codes[number] }),
    });
    for (const reason of ["bad_signature", "bad_key"]) {
      await expect(comfy.request("GET", "/a")).rejects.toMatchObject({ reason });
    }
    expect(service.requests).toHaveLength(2);
  });

  it("falls back to the first scheme where asked to, and stays there", async () => {
    const old: Handler = (request, response) => {
      if (request.headers["x-signature-version"]) json(response, 401, { error: "Invalid signature" });
      else json(response, 200, { ok: true });
    };
    const comfy = await start({ "*": old }, { signing: "auto" });
    await comfy.request("GET", "/a");
    await comfy.request("GET", "/a");
    expect(service.requests.map(({ headers }) => headers["x-signature-version"])).toEqual(["2", undefined, undefined]);
  });

  it.each([301, 302, 307, 308])("never follows a %i, so key and body stay where they were sent", async (status) => {
    const elsewhere = await startService({ "*": (_, response) => json(response, 200, {}) });
    try {
      const comfy = await start({
        "*": (_, response) => response.writeHead(status, { location: elsewhere.url }).end(),
      });
      await expect(comfy.request("POST", "/a", { secret: "body" })).rejects.toMatchObject({ status });
      expect(elsewhere.requests).toEqual([]);
    } finally {
      await elsewhere.close();
    }
  });

  it("carries the caller's headers, which cannot replace the signature", async () => {
    const comfy = await start(
      { "*": verifying() },
      { headers: { "X-Tenant": "t1", "X-Signature": "forged", "X-API-Key": "other" } },
    );
    await comfy.request("GET", "/a", undefined, { headers: { "X-Trace": "t2" } });
    expect(service.requests[0]?.headers).toMatchObject({ "x-tenant": "t1", "x-trace": "t2", "x-api-key": KEY });
  });
});

describe("a secret", () => {
  it("appears in no error, however it is printed, even when a service echoes what it was sent", async () => {
    const echo: Handler = ({ headers }, response) => {
      const sent = `${headers["x-api-key"]} ${headers["x-signature"]}`;
      json(response, 400, { error: "No.", code: "invalid_input", sent }, { "x-echo": sent });
    };
    const comfy = await start({ "*": echo });
    const error = await comfy.request("POST", "/a", {}).catch((thrown) => thrown);
    const signature = String(service.requests[0]?.headers["x-signature"]);
    for (const text of [
      inspect(error, { depth: 9 }),
      JSON.stringify(error),
      String(error),
      inspect(comfy, { depth: 9, showHidden: true }),
    ]) {
      expect(text).not.toContain(SECRET);
      expect(text).not.toContain(KEY);
      expect(text).not.toContain(signature);
    }
    expect(inspect(error)).toContain("invalid_input");
  });

  it("is refused in a browser, before anything is sent, unless it is meant", async () => {
    const comfy = await start({ "*": verifying() });
    Object.defineProperty(globalThis, "document", { value: {}, configurable: true });
    try {
      await expect(comfy.request("GET", "/a")).rejects.toMatchObject({
        name: "ConfigError",
        code: "secret_in_browser",
      });
      expect(service.requests).toEqual([]);
      const meant = new ComfyClient({
        baseUrl: service.url,
        apiKey: KEY,
        apiSecret: SECRET,
        dangerouslyAllowBrowser: true,
      });
      expect(await meant.request("GET", "/a")).toEqual({ ok: true });
    } finally {
      Reflect.deleteProperty(globalThis, "document");
    }
  });

  it("without WebCrypto is a configuration error, not a TypeError", async () => {
    const comfy = await start({ "*": verifying() });
    const { crypto } = globalThis;
    Object.defineProperty(globalThis, "crypto", {
      value: { getRandomValues: crypto.getRandomValues.bind(crypto) },
      configurable: true,
    });
    try {
      await expect(comfy.request("GET", "/a")).rejects.toMatchObject({ code: "insecure_context" });
    } finally {
      Object.defineProperty(globalThis, "crypto", { value: crypto, configurable: true });
    }
  });
});

describe("a client", () => {
  it("may be made without any configuration; the first call says what is missing", async () => {
    const comfy = new ComfyClient();
    const error = await comfy.run("portrait", { description: "x" }).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(ConfigError);
    expect(ComfyError.is(error)).toBe(true);
    expect(error.message).toContain("COMFYUI_SERVICE_URL");
  });

  it("reads address, key and secret from the environment at the first call", async () => {
    await start({ ...wellBehaved, "*": verifying() });
    const comfy = new ComfyClient();
    Object.assign(process.env, {
      COMFYUI_SERVICE_URL: `${service.url}/`,
      COMFYUI_API_KEY: KEY,
      COMFYUI_API_SECRET: SECRET,
    });
    try {
      expect(await comfy.run("portrait", { description: "x" })).toEqual(RESULT);
      expect(await Promise.all(service.requests.map((request) => refusalOf(request)))).toEqual([undefined, undefined]);
    } finally {
      for (const name of ["COMFYUI_SERVICE_URL", "COMFYUI_API_KEY", "COMFYUI_API_SECRET"]) delete process.env[name];
    }
  });

  it("without a secret sends the key alone; health carries not even that", async () => {
    const comfy = await start(
      { "*": (_, response) => json(response, 200, { status: "healthy" }) },
      { apiSecret: undefined },
    );
    await comfy.request("GET", "/a");
    await comfy.health();
    expect(service.requests.map(({ headers }) => [headers["x-api-key"], headers["x-signature"]])).toEqual([
      [KEY, undefined],
      [undefined, undefined],
    ]);
  });
});
