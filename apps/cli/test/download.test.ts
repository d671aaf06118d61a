import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Kind } from "@comfy/client";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { download } from "../src/demo/download.ts";

let folder = "";
let answer: (response: ServerResponse) => void = () => {};
const server = createServer((_, response) => answer(response));

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "comfy-out-"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

const PNG = Buffer.concat([Buffer.from([0x89]), Buffer.from("PNG\r\n\u001a\n"), Buffer.alloc(100_000)]);
const WAV = Buffer.concat([Buffer.from("RIFF\0\0\0\0WAVE"), Buffer.alloc(1_000)]);

const get = (kind: Kind) => {
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  return download({ kind, url: `http://127.0.0.1:${port}/x`, folder, signal: AbortSignal.timeout(10_000) });
};

describe("a download", () => {
  it.each([
    ["portrait", "image/png", PNG, "portrait.png"],
    ["tts", "audio/wav; charset=binary", WAV, "tts.wav"],
  ] as const)("of a %s is a file named after its kind and type", async (kind, contentType, bytes, name) => {
    answer = (response) => response.writeHead(200, { "content-type": contentType }).end(bytes);
    const result = await get(kind);
    expect(result).toEqual({ file: join(folder, name), sizeBytes: bytes.length, contentType });
    expect(readFileSync(result.file).equals(bytes)).toBe(true);
  });

  it.each([
    ["a link that is refused", (response: ServerResponse) => response.writeHead(403).end("no"), "answered 403"],
    [
      "a page of HTML that calls itself a picture",
      (response: ServerResponse) =>
        response.writeHead(200, { "content-type": "image/png" }).end("<!doctype html><p>Sorry"),
      "does not begin as one",
    ],
    [
      "sound where a picture was asked for",
      (response: ServerResponse) => response.writeHead(200, { "content-type": "audio/wav" }).end(WAV),
      'brought "audio/wav", not image',
    ],
    [
      "a link that breaks off",
      (response: ServerResponse) => {
        response.writeHead(200, { "content-type": "image/png", "content-length": "200000" });
        response.write(PNG, () => response.destroy());
      },
      "terminated",
    ],
  ])("of %s is an error and leaves no file", async (_, behaviour, words) => {
    answer = behaviour;
    await expect(get("portrait")).rejects.toThrow(words);
    expect(readdirSync(folder)).toEqual([]);
  });
});
