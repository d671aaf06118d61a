import { ComfyClient, pollJob, submitAsyncJob } from "@comfy/client";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { heads } from "../assets/files.ts";
import { type Door, PRO_KEY, SECRET, startDoor } from "../http/start-door.ts";

const connect = (door: Door, options = {}) =>
  new ComfyClient({ baseUrl: door.url, apiKey: PRO_KEY, apiSecret: SECRET, maxRetries: 0, ...options });

describe("the SDK", () => {
  it.each(["v1", "v2"] as const)("runs a portrait through the front door (%s)", async (signing) => {
    const door = await startDoor();
    const result = await connect(door, { signing }).run("portrait", { description: "Viking warrior" });
    expect(result).toMatchObject({ model: "flux-schnell", taskId: door.accepted[0] });
  });

  it("follows a job's events to its end", async () => {
    const door = await startDoor({ isIdle: true });
    const job = await connect(door).submit("portrait", { description: "Viking warrior" });
    const types: string[] = [];
    for await (const event of job.events()) {
      if (!types.includes(event.type)) types.push(event.type);
      if (event.type === "queued") door.events.publish(job.id, { type: "progress", value: 0.5 });
      if (event.type === "progress") await door.complete(job.id);
    }
    expect(types[0]).toBe("queued");
    expect(types).toContain("progress");
    expect(types.at(-1)).toBe("completed");
  });

  it("cancels a job", async () => {
    const door = await startDoor({ isIdle: true });
    const job = await connect(door).submit("portrait", { description: "Viking warrior" });
    expect((await job.cancel()).status).toBe("cancelled");
    await expect(job.result()).rejects.toMatchObject({ code: "cancelled" });
  });

  it("uploads what it is given as bytes", async () => {
    const door = await startDoor();
    const bytes = new Uint8Array(heads.png);
    const result = await connect(door).run("lipsync", {
      portrait_image: bytes,
      audio: new Blob([new Uint8Array(heads.wav)]),
    });
    expect(result.taskId).toBe(door.accepted[0]);
  });

  it("falls back to the synchronous form where the queue is switched off", async () => {
    const door = await startDoor({ flags: { isAsyncEnabled: false } });
    const result = await connect(door).run("portrait", { description: "Viking warrior" });
    expect(result.taskId).toBe(door.accepted[0]);
  });

  it("tells what was wrong in the service's own sentence", async () => {
    const door = await startDoor();
    const wrong = connect(door).run("portrait", { description: "" });
    await expect(wrong).rejects.toMatchObject({
      status: 400,
      code: "invalid_input",
      message: expect.stringContaining("description"),
    });
    const stranger = connect(door, { apiSecret: "not the secret of this key", signing: "v2" }).run("portrait", {
      description: "a",
    });
    await expect(stranger).rejects.toMatchObject({ status: 401, reason: "bad_signature" });
  });

  it("knows the limits after the first answer", async () => {
    const comfy = connect(await startDoor());
    await comfy.submit("portrait", { description: "Viking warrior" });
    expect(comfy.rateLimit).toMatchObject({ limit: 100, remaining: 99 });
  });
});

describe("the first consumer's helpers", () => {
  it("submit and poll as their callers expect", async () => {
    const door = await startDoor();
    vi.stubEnv("COMFYUI_SERVICE_URL", door.url);
    vi.stubEnv("COMFYUI_API_KEY", PRO_KEY);
    vi.stubEnv("COMFYUI_API_SECRET", SECRET);
    onTestFinished(() => void vi.unstubAllEnvs());
    const { success, pollUrl = "" } = await submitAsyncJob("/portrait", { description: "Viking warrior" });
    expect(success).toBe(true);
    const envelope = await pollJob<{ status: string; result: { signedUrl: string } }>(pollUrl, 3, 10);
    expect(envelope.status).toBe("complete");
    expect((await fetch(envelope.result.signedUrl)).status).toBe(200);
  });
});
