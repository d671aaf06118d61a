import { createReadStream } from "node:fs";
import { join } from "node:path";
import { builtinFile } from "@comfy/workflows";
import { createKeyStore } from "../adapters/database/api-keys.ts";
import { createAssetRecords } from "../adapters/database/asset-records.ts";
import { createAssetShelf } from "../adapters/database/asset-shelf.ts";
import { createAuditLog } from "../adapters/database/audit-log.ts";
import { createBackendLeases } from "../adapters/database/backend-leases.ts";
import { createBatchStore } from "../adapters/database/batch-store.ts";
import { createBlobLedger } from "../adapters/database/blob-ledger.ts";
import { createDatabase } from "../adapters/database/create-database.ts";
import { createDeliveryLog } from "../adapters/database/delivery-log.ts";
import { createJobStore } from "../adapters/database/job-store.ts";
import { createLinkKeys } from "../adapters/database/link-keys.ts";
import { createOrphans } from "../adapters/database/orphans.ts";
import { createOutbox } from "../adapters/database/outbox.ts";
import { createOverviewStore } from "../adapters/database/overview.ts";
import { createRequestCounts } from "../adapters/database/request-counts.ts";
import { createSessionStore } from "../adapters/database/sessions.ts";
import { createSettings } from "../adapters/database/settings.ts";
import { createSignatureLedger } from "../adapters/database/signature-ledger.ts";
import { createStorageRecords } from "../adapters/database/storage-records.ts";
import { createTicketStore } from "../adapters/database/stream-tickets.ts";
import { createUploadStore } from "../adapters/database/upload-store.ts";
import { createUsageStore } from "../adapters/database/usage.ts";
import { createUserStore } from "../adapters/database/users.ts";
import { createWebhookEndpoints } from "../adapters/database/webhook-endpoints.ts";
import { createOutgoing } from "../adapters/fetch/outgoing.ts";
import { createStripLocation } from "../adapters/sharp/strip-location.ts";
import { createPictureHeader } from "../adapters/sniff/picture-header.ts";
import { createTypeSniffer } from "../adapters/sniff/type-sniffer.ts";
import { createCheckPicture } from "../assets/check-picture.ts";
import { createDirectLinks } from "../assets/direct-links.ts";
import { createLinkSigner } from "../assets/link-signer.ts";
import { createOpenAsset } from "../assets/open-asset.ts";
import { createOpenLink } from "../assets/open-link.ts";
import { createPinBuiltin } from "../assets/pin-builtin.ts";
import { createPinUrl } from "../assets/pin-url.ts";
import { createPresentAsset } from "../assets/present-asset.ts";
import { createResolveReference } from "../assets/resolve-reference.ts";
import { createStoreFile } from "../assets/store-file.ts";
import { createUploadAsset } from "../assets/upload-asset.ts";
import { composeBlobStores } from "./blob-stores.ts";
import type { Ground } from "./ground.ts";
import { composeSealer, composeSeals } from "./sealer.ts";

/** The database and what it remembers. */
export async function composeRecords({ config, log, lifecycle }: Ground) {
  const where =
    config.databaseUrl === undefined
      ? { directory: join(config.dataDirectory, "database") }
      : { url: config.databaseUrl };
  const sealer = await composeSealer({ config, log });
  const database = await createDatabase({ log, ...where, jobRetentionDays: config.jobRetentionDays });
  lifecycle.add({ name: "database", stop: database.close });
  await composeSeals({ log, lifecycle }, database, sealer).catch(async (error: unknown) => {
    await database.close();
    throw error;
  });
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
    shelf: createAssetShelf(db),
    uploads: createUploadStore(db),
    ledger: createBlobLedger(db),
    storageRecords: createStorageRecords(db),
    signatures: createSignatureLedger(db),
    linkKeys: createLinkKeys(db, sealer),
    sealer,
    keys: createKeyStore(db),
    tickets: createTicketStore(db),
    users: createUserStore(db),
    sessions: createSessionStore(db),
    audit: createAuditLog(db),
    overview: createOverviewStore(db),
    usage: createUsageStore(db),
    requestCounts: createRequestCounts(db),
  };
}

export type Records = Awaited<ReturnType<typeof composeRecords>>;

/** Where bytes live, who may open them, and what comes from outside. */
export async function composeAssets(
  ground: Ground,
  { database, records, uploads, ledger, linkKeys, settings }: Records,
) {
  const { config, clock, log, lifecycle, publicUrls } = ground;
  const { uploadSizeBytesMax } = config;
  const stores = await composeBlobStores(ground, { isSynced: database.durability === "server", ledger, settings });
  const { blobs, cloud } = stores;
  const checkPicture = createCheckPicture({ header: createPictureHeader(), pixelsMax: config.imagePixelsMax });
  const storeFile = createStoreFile({ blobs, sniffer: createTypeSniffer(), checkPicture });
  const outgoing = createOutgoing({ arePrivateUrlsAllowed: config.arePrivateUrlsAllowed });
  lifecycle.add({ name: "outgoing", stop: outgoing.close });
  const { files } = outgoing;
  const links = createLinkSigner({ keys: linkKeys, publicUrl: ground.publicUrl, clock, ttlMs: config.linkTtlMs });
  const { linkTtlMs: ttlMs } = config;
  const isDirect = config.areLinksDirect && cloud !== undefined;
  const shown = isDirect ? createDirectLinks({ ...cloud, records, own: links, clock, log, ttlMs }) : links;
  const presentAsset = createPresentAsset({ links: shown });
  const stripLocation = await createStripLocation({
    directory: join(config.dataDirectory, "rewriting"),
    pixelsMax: config.imagePixelsMax,
  });
  const openAsset = createOpenAsset({ records, blobs });
  const openBuiltin = (file: string) => createReadStream(builtinFile(file));
  return {
    stores,
    blobs,
    storeFile,
    outgoing,
    links,
    stripLocation,
    presentAsset,
    pinUrl: createPinUrl({ files, storeFile, records, sizeBytesMax: uploadSizeBytesMax }),
    pinBuiltin: createPinBuiltin({ openBuiltin, storeFile, records }),
    resolveReference: createResolveReference({ records, links, files, publicUrls }),
    uploadAsset: createUploadAsset({ uploads, storeFile, records, presentAsset, stripLocation, uploadSizeBytesMax }),
    openAsset,
    openLink: createOpenLink({ links, openAsset }),
  };
}

export type Assets = Awaited<ReturnType<typeof composeAssets>>;
