import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import express from "express";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createDiskBlobStore } from "../adapters/disk/blob-store.ts";
import { createOpenAsset } from "../assets/open-asset.ts";
import { silentLog } from "../log.ts";
import { sendFile } from "./send-file.ts";

const never = new AbortController().signal;
let close = async () => {};
afterEach(() => close());

describe("a file that was just stored and may be taken over", () => {
  let url = "";
  let blobs: Awaited<ReturnType<typeof createDiskBlobStore>>;
  let location = "";
  let directory = "";
  const content = Buffer.alloc(700_000, "an output that is read at once; ");

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "send-"));
    blobs = await createDiskBlobStore({ directory });
    const bytes = Uint8Array.from(content);
    async function* body() {
      yield bytes;
    }
    const stored = await blobs.put(body(), { sizeBytesMax: 1_000_000, signal: never, isHandedOver: true });
    location = stored.location;
    const asset = { ...stored, id: "", ownerId: "me", name: "a.png", type: "image/png", createdAtMs: 0 };
    const openAsset = createOpenAsset({ records: { find: async () => asset }, blobs });
    const app = express();
    app.get("/", async (req, res) => {
      const file = await openAsset("01890a5d-ac96-774b-bcce-b302099a8057");
      if (file) await sendFile({ req, res, file, cacheControl: "private", log: silentLog });
    });
    const server = createServer(app).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const address = server.address();
    url = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/`;
    close = async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(directory, { recursive: true, force: true });
    };
  });

  it("is sent without a look at the disk, whole and in parts", async () => {
    await rm(directory, { recursive: true });
    const whole = await fetch(url);
    expect(whole.headers.get("content-length")).toBe("700000");
    expect(content.equals(Buffer.from(await whole.arrayBuffer()))).toBe(true);
    const part = await fetch(url, { headers: { range: "bytes=10-19" } });
    expect(part.status).toBe(206);
    expect(Buffer.from(await part.arrayBuffer())).toEqual(content.subarray(10, 20));
  });

  it("is sent to its end even when it is deleted meanwhile, and is gone afterwards", async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => fetch(url)));
    await blobs.delete(location);
    for (const answer of answers) expect(content.equals(Buffer.from(await answer.arrayBuffer()))).toBe(true);
    expect(blobs.borrow?.(location)).toBeUndefined();
    await expect(blobs.open(location, { signal: never })).rejects.toMatchObject({ code: "output_unavailable" });
  });
});
