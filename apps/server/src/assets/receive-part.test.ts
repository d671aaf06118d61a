import { hash } from "node:crypto";
import { readdir } from "node:fs/promises";
import { expect, it } from "vitest";
import { createMemoryUploads } from "../../test/assets/memory-uploads.ts";
import { never, setUpAssets, toStream } from "../../test/assets/set-up.ts";
import { createId } from "../ids.ts";
import { createReceivePartVerbs } from "./receive-part.ts";

async function setUp() {
  const { blobs, directory } = await setUpAssets();
  const uploads = createMemoryUploads();
  const id = createId();
  const upload = { id, ownerId: "env:one", name: "a", sizeBytes: 5, partSizeBytes: 5, isLocationStripped: false };
  await uploads.open(upload, 60_000, { countMax: 1, sizeBytesMax: 100 });
  const { receivePart } = createReceivePartVerbs({ uploads, blobs });
  const send = (text: string, sha256 = hash("sha256", text, "hex")) =>
    receivePart({ uploadId: id, n: 1, sha256, body: toStream(text), signal: never });
  return { send, directory };
}

it("a link that is used by many at once makes us keep no more than one after the other would", async () => {
  const { send, directory } = await setUp();
  const sent = await Promise.allSettled(Array.from({ length: 64 }, (_, n) => send(String(10_000 + n))));
  expect(sent.filter(({ status }) => status === "fulfilled")).toHaveLength(4);
  for (const one of sent) if (one.status === "rejected") expect(one.reason).toMatchObject({ code: "upload_limit" });
  const files = await readdir(directory, { recursive: true, withFileTypes: true });
  expect(files.filter((file) => file.isFile())).toHaveLength(4);
});

it("a part that did not arrive as it was meant is not counted: it may be sent again as often as it takes", async () => {
  const { send } = await setUp();
  for (let n = 0; n < 10; n++)
    await expect(send("wrong", "0".repeat(64))).rejects.toMatchObject({ code: "digest_mismatch" });
  expect(await send("right")).toMatchObject({ n: 1, sizeBytes: 5 });
});
