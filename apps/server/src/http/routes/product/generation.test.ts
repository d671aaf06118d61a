import { kinds } from "@comfy/contracts";
import { describe, expect, it } from "vitest";
import { post } from "../../../../test/http/call.ts";
import { startDoor } from "../../../../test/http/start-door.ts";

const viking = { description: "Viking warrior" };
const inputs = {
  portrait: viking,
  image: { prompt: "a lighthouse" },
  tts: { text: "Hello." },
  lipsync: { portrait_image: "https://example.com/a.png", audio: "https://example.com/a.wav" },
};

describe("200", () => {
  it.each(kinds)("POST /%s waits and answers with the result the first consumer reads", async (kind) => {
    const door = await startDoor();
    const { status, body } = await post(door, `/${kind}`, inputs[kind]);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      success: true,
      model: "flux-schnell",
      seed: expect.any(Number),
      taskId: door.accepted[0],
    });
    expect(body.signedUrl).toContain(body.localPath);
    expect(body.assets).toHaveLength(1);
    if (kind === "portrait" || kind === "image") expect(body.prompt).toEqual(expect.any(String));
  });

  it("takes version 1 signatures, as the hand-written client makes them", async () => {
    const { status } = await post(await startDoor(), "/portrait", viking, { version: 1 });
    expect(status).toBe(200);
  });

  it("ignores fields it does not know", async () => {
    const { status } = await post(await startDoor(), "/portrait", { ...viking, invented: { deeply: [1] } });
    expect(status).toBe(200);
  });

  it("tells the limits, the request's id, and that nothing may be cached", async () => {
    const { headers } = await post(await startDoor(), "/portrait", viking, { headers: { "X-Request-Id": "mine-1" } });
    expect(headers.get("x-request-id")).toBe("mine-1");
    expect(headers.get("x-ratelimit-limit")).toBe("100");
    expect(headers.get("x-ratelimit-remaining")).toBe("99");
    expect(Number(headers.get("x-ratelimit-reset"))).toBeGreaterThan(1_700_000_000);
    expect(headers.get("ratelimit-policy")).toContain('"minute";q=100;w=60');
    expect(headers.get("cache-control")).toBe("no-store");
  });

  it("makes one job of one Idempotency-Key, quoted or bare, and says which answer is a repeat", async () => {
    const door = await startDoor();
    const first = await post(door, "/portrait", viking, { headers: { "Idempotency-Key": '"key-1"' } });
    const again = await post(door, "/portrait", viking, { headers: { "Idempotency-Key": "key-1" } });
    expect(first.headers.get("idempotency-key")).toBe('"key-1"');
    expect(first.headers.get("idempotency-replayed")).toBeNull();
    expect(again.headers.get("idempotency-replayed")).toBe("true");
    expect(again.body.taskId).toBe(first.body.taskId);
  });
});

describe("202", () => {
  it.each(kinds)("POST /%s/async answers at once with where to poll", async (kind) => {
    const door = await startDoor({ isIdle: true });
    const { status, body, headers } = await post(door, `/${kind}/async`, inputs[kind]);
    expect(status).toBe(202);
    const [jobId] = door.accepted;
    expect(body).toEqual({ status: "queued", jobId, pollUrl: `/jobs/${kind}/${jobId}`, seed: expect.any(Number) });
    expect(headers.get("location")).toBe(body.pollUrl);
  });

  it("keeps the callback's address and the wish to stay off the cloud", async () => {
    const door = await startDoor({ isIdle: true });
    const asked = { ...viking, callbackUrl: "https://example.com/done", upload_to_cloud: false };
    const { body } = await post(door, "/portrait/async", asked);
    expect(await door.jobs.find(body.jobId)).toMatchObject({
      callbackUrl: "https://example.com/done",
      isUploadedToCloud: false,
    });
  });
});
