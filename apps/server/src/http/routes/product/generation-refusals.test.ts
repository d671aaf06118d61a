import { describe, expect, it } from "vitest";
import { post, send, toSignedInit } from "../../../../test/http/call.ts";
import { startDoor } from "../../../../test/http/start-door.ts";

const viking = { description: "Viking warrior" };

describe("400", () => {
  it.each([
    [{}, "description: expected text, got nothing", "description"],
    [{ description: "" }, 'description: expected text that is not empty, got ""', "description"],
    [{ description: 5 }, "description: expected text, got 5", "description"],
    [{ ...viking, seed: -2 }, "seed: expected a number >=-1, got -2", "seed"],
    [{ ...viking, seed: 1.5 }, "seed: expected a whole number, got 1.5", "seed"],
    [{ ...viking, seed: 2 ** 53 }, "seed: expected", "seed"],
    [{ ...viking, style: ["a"] }, "style: expected text, got a list", "style"],
    [
      { description: "x".repeat(3000) },
      "description: expected text of <=2000 characters, got 3000 characters",
      "description",
    ],
    [[], "The body: expected an object, got a list", ""],
    ["null", "The body: expected an object, got null", ""],
  ])("says of %j what was expected and what came", async (body, sentence, path) => {
    const door = await startDoor();
    const reply = await post(door, "/portrait", body);
    expect(reply.status).toBe(400);
    expect(reply.body.error).toContain(sentence);
    expect(reply.body).toMatchObject({ code: "invalid_input", requestId: reply.headers.get("x-request-id") });
    expect(reply.body.details[0]).toMatchObject({ path });
    expect(door.accepted).toEqual([]);
  });

  it.each([
    ['{"description":"a","seed":NaN}', "not valid JSON"],
    ["{description:'a'}", "not valid JSON"],
    ["", "The body is empty"],
    ["   ", "The body is empty"],
    [Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]), "not valid UTF-8"],
    ['{"description":"a","__proto__":{"isAdmin":true}}', "__proto__"],
    ['{"description":"a","x":[{"constructor":{"prototype":{}}}]}', "constructor"],
    [`{"description":"a","x":${"[".repeat(500)}${"]".repeat(500)}}`, "nested too deeply"],
    [`${"[".repeat(500_000)}${"]".repeat(500_000)}`, "nested too deeply"],
  ])("refuses a body that is no harmless JSON object with a sentence", async (body, words) => {
    const door = await startDoor();
    const reply = await post(door, "/portrait", body);
    expect(reply.status).toBe(400);
    expect(reply.body.code).toBe("invalid_json");
    expect(reply.body.error).toContain(words);
    expect(Object.hasOwn(Object.prototype, "isAdmin")).toBe(false);
  });

  it("names every wrong field in details, the first one in the sentence", async () => {
    const { body } = await post(await startDoor(), "/image", { prompt: 1, width: 1, steps: "many" });
    expect(body.details.map((field: { path: string }) => field.path)).toEqual(["prompt", "width", "steps"]);
    expect(body.error).toBe("prompt: expected text, got 1");
  });

  it("takes only web addresses as callbackUrl", async () => {
    for (const callbackUrl of ["javascript:alert(1)", "file:///etc/passwd", "ftp://a.test/", "not a url"]) {
      const { status, body } = await post(await startDoor(), "/portrait/async", { ...viking, callbackUrl });
      expect(status, callbackUrl).toBe(400);
      expect(body.error).toContain("callbackUrl: expected a http or https URL");
    }
  });

  it("refuses an Idempotency-Key that is no key", async () => {
    const { status, body } = await post(await startDoor(), "/portrait", viking, {
      headers: { "Idempotency-Key": "a b" },
    });
    expect(status).toBe(400);
    expect(body.error).toContain("idempotency-key: expected 1 to 255 visible ASCII characters");
  });
});

describe("401", () => {
  it("takes a signature once: a captured request cannot be sent again", async () => {
    const door = await startDoor();
    const init = await toSignedInit("POST", "/portrait/async", { body: viking });
    expect((await send(door, "/portrait/async", init)).status).toBe(202);
    const again = await send(door, "/portrait/async", init);
    expect(again.status).toBe(401);
    expect(again.body.code).toBe("signature_replayed");
    expect(door.accepted).toHaveLength(1);
  });

  it("says what to sign where the word undefined was signed for a missing body", async () => {
    const { body } = await post(await startDoor(), "/portrait", "undefined", { version: 1 }).then(async () => {
      const door = await startDoor();
      const { headers } = await toSignedInit("POST", "/portrait", { body: "undefined", version: 1 });
      return send(door, "/portrait", { method: "POST", headers: headers ?? {} });
    });
    expect(body.error).toContain('the word "undefined" was signed');
  });
});

describe("404 and 405", () => {
  it("answers unknown paths in JSON", async () => {
    const { status, body } = await send(await startDoor(), "/nowhere");
    expect(status).toBe(404);
    expect(body).toMatchObject({ code: "not_found", requestId: expect.any(String) });
  });

  it("says which methods a path takes", async () => {
    const { status, headers, body } = await send(await startDoor(), "/portrait");
    expect(status).toBe(405);
    expect(headers.get("allow")).toBe("POST");
    expect(body.code).toBe("method_not_allowed");
  });
});

describe("413", () => {
  it("refuses five megabytes of JSON before it is read, and the connection lives on", async () => {
    const door = await startDoor();
    const { status, body } = await post(door, "/portrait", { description: "x".repeat(5 * 1024 * 1024) });
    expect(status).toBe(413);
    expect(body).toMatchObject({ code: "payload_too_large" });
    expect((await post(door, "/portrait", viking)).status).toBe(200);
  });

  it("also when the size is not announced", async () => {
    const door = await startDoor();
    const { headers } = await toSignedInit("POST", "/portrait", { body: viking });
    const chunk = new Uint8Array(512 * 1024).fill(0x20);
    let left = 10;
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull: (controller) => (left-- > 0 ? controller.enqueue(chunk) : controller.close()),
    });
    const init: RequestInit & { duplex: "half" } = { method: "POST", headers: headers ?? {}, body, duplex: "half" };
    expect((await send(door, "/portrait", init)).status).toBe(413);
  });
});

describe("415", () => {
  it.each(["text/plain", "application/x-www-form-urlencoded", undefined])("refuses Content-Type %s", async (type) => {
    const { status, body } = await post(await startDoor(), "/portrait", viking, { headers: { "Content-Type": type } });
    expect(status).toBe(415);
    expect(body.error).toContain("Content-Type: expected application/json");
  });

  it("refuses packed bodies: a signature covers the bytes as they are sent", async () => {
    const { status, body } = await post(await startDoor(), "/portrait", viking, {
      headers: { "Content-Encoding": "gzip" },
    });
    expect(status).toBe(415);
    expect(body.error).toContain("Content-Encoding");
  });
});

describe("422", () => {
  it("refuses an Idempotency-Key that came with another body before", async () => {
    const door = await startDoor();
    const headers = { "Idempotency-Key": "key-1" };
    await post(door, "/portrait/async", viking, { headers });
    const { status, body } = await post(door, "/portrait/async", { description: "A wizard" }, { headers });
    expect(status).toBe(422);
    expect(body.code).toBe("idempotency_key_reused");
  });
});
