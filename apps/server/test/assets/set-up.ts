import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { scopes, tiers } from "@comfy/contracts";
import { onTestFinished } from "vitest";
import type { Caller } from "../../src/access/caller.ts";
import { createDiskBlobStore } from "../../src/adapters/disk/blob-store.ts";
import { createStripLocation } from "../../src/adapters/sharp/strip-location.ts";
import { createPictureHeader } from "../../src/adapters/sniff/picture-header.ts";
import { createTypeSniffer } from "../../src/adapters/sniff/type-sniffer.ts";
import { createCheckPicture } from "../../src/assets/check-picture.ts";
import { createLinkSigner } from "../../src/assets/link-signer.ts";
import { createOpenAsset } from "../../src/assets/open-asset.ts";
import { createOpenLink } from "../../src/assets/open-link.ts";
import { createPresentAsset } from "../../src/assets/present-asset.ts";
import { createStoreFile } from "../../src/assets/store-file.ts";
import { createUploadAsset } from "../../src/assets/upload-asset.ts";
import { createManualClock } from "../manual-clock.ts";
import { createMemoryLinkKeys, createMemoryRecords } from "./memory-records.ts";
import { createMemoryUploads } from "./memory-uploads.ts";

export const never = new AbortController().signal;
export const publicUrl = "https://api.example.com/comfy";

export function toCaller(ownerId: string): Caller {
  return { ownerId, keyId: "key-1", tier: "pro", limits: tiers.pro, scopes, via: "signature" };
}

export async function* toStream(...chunks: readonly (Uint8Array | string)[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield typeof chunk === "string" ? Buffer.from(chunk) : chunk;
}

/** The rooms of the assets around a real folder; gone when the test is. */
export async function setUpAssets() {
  const directory = await mkdtemp(join(tmpdir(), "assets-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const clock = createManualClock();
  const records = createMemoryRecords();
  const blobs = await createDiskBlobStore({ directory });
  const key = { id: "k1", secret: Buffer.alloc(32, 7) };
  const linkKeys = createMemoryLinkKeys(key);
  const links = createLinkSigner({
    keys: linkKeys,
    publicUrl: () => publicUrl,
    clock,
    ttlMs: 3_600_000,
  });
  const checkPicture = createCheckPicture({ header: createPictureHeader(), pixelsMax: 1_000_000 });
  const storeFile = createStoreFile({ blobs, sniffer: createTypeSniffer(), checkPicture });
  const presentAsset = createPresentAsset({ links });
  const rewriting = `${directory}-rewriting`;
  onTestFinished(() => rm(rewriting, { recursive: true, force: true }));
  const stripLocation = await createStripLocation({ directory: rewriting, pixelsMax: 1_000_000 });
  const uploads = createMemoryUploads();
  const uploadAsset = createUploadAsset({
    ...{ uploads, storeFile, records, presentAsset, stripLocation },
    uploadSizeBytesMax: 100_000,
  });
  const openAsset = createOpenAsset({ records, blobs });
  const openLink = createOpenLink({ links, openAsset });
  const rooms = { directory, clock, records, uploads, blobs, key, linkKeys, links };
  return { ...rooms, storeFile, stripLocation, presentAsset, uploadAsset, openAsset, openLink };
}

/** The parts of a link, as the front door hands them over. */
export function parseLink(url: string) {
  const { pathname, searchParams } = new URL(url);
  const [assetId = "", name = ""] = pathname.split("/").slice(-2).map(decodeURIComponent);
  const read = (key: string) => searchParams.get(key) ?? undefined;
  return {
    assetId,
    name,
    expires: read("expires"),
    keyId: read("key"),
    disposition: read("disposition"),
    sig: read("sig"),
  };
}
