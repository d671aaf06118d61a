import { hash } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { signRequest } from "@comfy/signing";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { toPng } from "../assets/pictures.ts";
import { apiKey, apiSecret, type RunningService, startService } from "./start-service.ts";

let service: RunningService;

// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of many shapes.
type Body = any;

const read = async (path: string): Promise<Body> => (await service.get(path)).json();

async function post(path: string, body: unknown): Promise<Body> {
  return (await service.post(path, body)).json();
}

async function remove(path: string): Promise<number> {
  const signed = await signRequest({ version: 2, keyId: apiKey, secret: apiSecret, method: "DELETE", target: path });
  return (await fetch(service.url + path, { method: "DELETE", headers: signed })).status;
}

/** Makes something and gives its first file. */
async function make(workflow: string, input: object): Promise<Body> {
  const job = await post("/api/v1/generate", { workflow, input });
  expect(job, JSON.stringify(job)).toMatchObject({ status: "completed" });
  return job.result.assets[0];
}

const download = async (url: string): Promise<Uint8Array> => (await fetch(url)).bytes();

/** Sends bytes part by part and gives the file they became. */
async function bringInParts(name: string, bytes: Uint8Array): Promise<Body> {
  const upload = await post("/api/v1/uploads", { name, sizeBytes: bytes.length, sha256: hash("sha256", bytes, "hex") });
  for (const { n, url } of upload.parts) {
    const part = bytes.slice((n - 1) * upload.partSizeBytes, n * upload.partSizeBytes);
    const headers = { "X-Content-SHA256": hash("sha256", part, "hex") };
    expect((await fetch(url, { method: "PUT", body: part, headers })).status).toBe(200);
  }
  return post(`/api/v1/uploads/${upload.id}/complete`, undefined);
}

async function serve(bytes: Uint8Array): Promise<string> {
  const server = createServer((_, response) => response.end(bytes));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/file`;
}

beforeAll(async () => {
  service = await startService({ environment: { ALLOW_PRIVATE_URLS: "true", MAX_IMAGE_PIXELS: "4000000" } });
}, 60_000);

afterAll(async () => {
  await service[Symbol.asyncDispose]();
});

describe("a file that was brought, in any way, is good for every media field", () => {
  test("by the id of an upload in parts, of a file from an address, of an output, and by an address", async () => {
    const portrait = await make("portrait", { description: "Viking warrior", width: 256, height: 256 });
    const speech = await make("tts", { text: "Hello." });
    const voice = await bringInParts("voice.wav", await download(speech.url));
    expect(voice).toMatchObject({ source: "upload", type: speech.type });
    const address = await serve(await download(portrait.url));
    const face = await post("/api/v1/uploads/fetch", { url: address });
    expect(face).toMatchObject({ source: "url", type: "image/png" });
    await make("lipsync", { portrait_image: face.id, audio: voice.id });
    await make("lipsync", { portrait_image: portrait.id, audio: voice.localPath });
    await make("lipsync", { portrait_image: address, audio: voice.url });
    await make("tts", { text: "Hello.", voice_reference: voice.id, voice_text: "Hello." });
  }, 180_000);
});

describe("a file", () => {
  test("of a job tells how it was made, and is deleted without its job", async () => {
    const input = { description: "Viking warrior", seed: 7, width: 256, height: 256 };
    const { id } = await make("portrait", input);
    const details = await read(`/api/v1/assets/${id}`);
    expect(details.provenance).toMatchObject({ workflow: "portrait", seed: 7, model: "flux-schnell" });
    expect(details.provenance.input).toMatchObject({ width: 256, height: 256 });
    expect((await read(`/api/v1/assets?job=${details.jobId}`)).assets).toMatchObject([{ id }]);
    expect(await remove(`/api/v1/assets/${id}`)).toBe(204);
    expect(await read(`/api/v1/jobs/${details.jobId}`)).toMatchObject({ status: "completed", seed: 7 });
    expect((await fetch(details.url)).status).toBe(404);
    const refused = await post("/lipsync", { portrait_image: id, audio: id });
    expect(refused).toMatchObject({ code: "asset_not_found" });
  });

  test("that unpacks into more pixels than may be decoded ends the job that names its address", async () => {
    const bomb = await serve(toPng(50_000, 50_000));
    const { audio } = { audio: (await make("tts", { text: "Hello." })).id };
    const job = await post("/api/v1/jobs", { workflow: "lipsync", input: { portrait_image: bomb, audio } });
    const ended = await service.settle(`/api/v1/jobs/${job.id}`);
    expect(ended).toMatchObject({ status: "failed", code: "image_too_large" });
    expect(ended.error).toMatch(/^portrait_image: /);
  });
});
