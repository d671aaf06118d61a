import { hash } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { describe, expect, it, onTestFinished } from "vitest";
import { heads } from "../../test/assets/files.ts";
import { never, publicUrl, setUpAssets, toCaller, toStream } from "../../test/assets/set-up.ts";
import { createOutgoing } from "../adapters/fetch/outgoing.ts";
import { createFileVerbs } from "./file-verbs.ts";

const caller = toCaller("env:one");
const { ownerId } = caller;

async function setUp() {
  const assets = await setUpAssets();
  const outgoing = createOutgoing({ arePrivateUrlsAllowed: true });
  onTestFinished(() => outgoing.close());
  const { records, blobs } = assets;
  const verbs = createFileVerbs({
    ...assets,
    shelf: records.shelf,
    files: outgoing.files,
    publicUrl: () => publicUrl,
    uploadSizeBytesMax: 100_000,
  });
  const read = async (id: string) => {
    const { location = "" } = (await records.find(id)) ?? {};
    return buffer(await blobs.open(location, { signal: never }));
  };
  return { ...assets, ...verbs, read };
}

async function serve(bytes: Uint8Array): Promise<string> {
  const server = createServer((_, response) => void response.end(bytes));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/a`; // a TCP server's address is never text
}

/** Sends a file, each in its way, under the one key. */
type SendFile = (parts: Awaited<ReturnType<typeof setUp>>, bytes: Buffer) => Promise<string>;
const idempotencyKey = "once";

const sendWhole: SendFile = async ({ uploadAsset }, bytes) =>
  (await uploadAsset({ caller, name: "a", body: toStream(bytes), idempotencyKey, signal: never })).id;

const sendInParts: SendFile = async ({ openUpload, receivePart, completeUpload }, bytes) => {
  const wish = { ownerId, name: "a", sizeBytes: bytes.length, isLocationStripped: false, idempotencyKey };
  const { upload } = await openUpload({ ...wish, request: Buffer.from(JSON.stringify(wish)) });
  const sha256 = hash("sha256", bytes, "hex");
  await receivePart({ uploadId: upload.id, n: 1, sha256, body: toStream(bytes), signal: never });
  return (await completeUpload({ ownerId, id: upload.id, signal: never })).asset.id;
};

const sendAddress: SendFile = async ({ fetchUpload }, bytes) => {
  const url = await serve(bytes);
  const wish = { ownerId, url, isLocationStripped: false, idempotencyKey, signal: never };
  return (await fetchUpload({ ...wish, request: Buffer.from(url) })).asset.id;
};

describe("an idempotency key that comes again after its day", () => {
  it.each([
    ["a whole file", sendWhole],
    ["a file in parts", sendInParts],
    ["an address", sendAddress],
  ])("stands for the new file, never for the old one: %s", async (_, sendFile) => {
    const parts = await setUp();
    const monday = await sendFile(parts, heads.png);
    parts.uploads.forgetKeys();
    const wednesday = await sendFile(parts, heads.wav);
    expect((await parts.read(wednesday)).equals(heads.wav)).toBe(true);
    expect((await parts.read(monday)).equals(heads.png)).toBe(true);
  });
});
