import { createReadStream } from "node:fs";
import { join } from "node:path";
import { builtinFile } from "@comfy/workflows";
import { createAssetRecords } from "../adapters/database/asset-records.ts";
import { createBackendLeases } from "../adapters/database/backend-leases.ts";
import { createBatchStore } from "../adapters/database/batch-store.ts";
import { createDatabase } from "../adapters/database/create-database.ts";
import { createDeliveryLog } from "../adapters/database/delivery-log.ts";
import { createJobStore } from "../adapters/database/job-store.ts";
import { createLinkKeys } from "../adapters/database/link-keys.ts";
import { createOrphans } from "../adapters/database/orphans.ts";
import { createOutbox } from "../adapters/database/outbox.ts";
import { createRequestCounts } from "../adapters/database/request-counts.ts";
import { createSettings } from "../adapters/database/settings.ts";
import { createSignatureLedger } from "../adapters/database/signature-ledger.ts";
import { createTicketStore } from "../adapters/database/stream-tickets.ts";
import { createUsageStore } from "../adapters/database/usage.ts";
import { createWebhookEndpoints } from "../adapters/database/webhook-endpoints.ts";
import { createDiskBlobStore } from "../adapters/disk/blob-store.ts";
import { createOutgoing } from "../adapters/fetch/outgoing.ts";
import { createPictureHeader } from "../adapters/sniff/picture-header.ts";
import { createTypeSniffer } from "../adapters/sniff/type-sniffer.ts";
import { createCheckPicture } from "../assets/check-picture.ts";
import { createLinkSigner } from "../assets/link-signer.ts";
import { createOpenAsset } from "../assets/open-asset.ts";
import { createOpenLink } from "../assets/open-link.ts";
import { createPinBuiltin } from "../assets/pin-builtin.ts";
import { createPinUrl } from "../assets/pin-url.ts";
import { createPresentAsset } from "../assets/present-asset.ts";
import { createResolveReference } from "../assets/resolve-reference.ts";
import { createStoreFile } from "../assets/store-file.ts";
import { createUploadAsset } from "../assets/upload-asset.ts";
import type { Ground } from "./ground.ts";

/** The database and what it remembers. */
export async function composeRecords({ config, log, lifecycle }: Ground) {
  const where =
    config.databaseUrl === undefined
      ? { directory: join(config.dataDirectory, "database") }
      : { url: config.databaseUrl };
  const database = await createDatabase({ log, ...where, jobRetentionDays: config.jobRetentionDays });
  lifecycle.add({ name: "database", stop: database.close });
  const { db } = database;
  return {
    database,
    settings: createSettings(db),
    jobs: createJobStore(db),
    batches: createBatchStore(db),
    backendLeases: createBackendLeases(db),
    orphans: createOrphans(db),
    outbox: createOutbox(db),
    endpoints: createWebhookEndpoints(db),
    deliveries: createDeliveryLog(db),
    records: createAssetRecords(db),
    signatures: createSignatureLedger(db),
    linkKeys: createLinkKeys(db),
    tickets: createTicketStore(db),
    usage: createUsageStore(db),
    requestCounts: createRequestCounts(db),
  };
}

export type Records = Awaited<ReturnType<typeof composeRecords>>;

/** Where bytes live, who may open them, and what comes from outside. */
export async function composeAssets(ground: Ground, { database, records, linkKeys }: Records) {
  const { config, clock, lifecycle, publicUrls } = ground;
  const { uploadSizeBytesMax } = config;
  const blobs = await createDiskBlobStore({
    directory: join(config.dataDirectory, "assets"),
    isSynced: database.durability === "server",
  });
  const checkPicture = createCheckPicture({ header: createPictureHeader(), pixelsMax: config.imagePixelsMax });
  const storeFile = createStoreFile({ blobs, sniffer: createTypeSniffer(), checkPicture });
  const outgoing = createOutgoing({ arePrivateUrlsAllowed: config.arePrivateUrlsAllowed });
  lifecycle.add({ name: "outgoing", stop: outgoing.close });
  const { files } = outgoing;
  const links = createLinkSigner({ keys: linkKeys, publicUrl: ground.publicUrl, clock, ttlMs: config.linkTtlMs });
  const presentAsset = createPresentAsset({ links });
  const openAsset = createOpenAsset({ records, blobs });
  const openBuiltin = (file: string) => createReadStream(builtinFile(file));
  return {
    blobs,
    storeFile,
    outgoing,
    presentAsset,
    pinUrl: createPinUrl({ files, storeFile, records, sizeBytesMax: uploadSizeBytesMax }),
    pinBuiltin: createPinBuiltin({ openBuiltin, storeFile, records }),
    resolveReference: createResolveReference({ records, links, files, publicUrls }),
    uploadAsset: createUploadAsset({ storeFile, records, presentAsset, uploadSizeBytesMax }),
    openAsset,
    openLink: createOpenLink({ links, openAsset }),
  };
}

export type Assets = Awaited<ReturnType<typeof composeAssets>>;
