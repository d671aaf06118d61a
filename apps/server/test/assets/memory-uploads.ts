import type { Upload, UploadStore } from "../../src/assets/upload-store.ts";
import { createId } from "../../src/ids.ts";

/** Uploads in a map, without a clock: the database's own suite holds the real store to its promises. */
export function createMemoryUploads(): UploadStore & { readonly forgetKeys: () => void } {
  const uploads = new Map<string, Upload>();
  const keys = new Map<string, { readonly id: string; readonly fingerprint: string }>();
  return {
    async claimKey({ ownerId, keyHash, fingerprint }) {
      const name = `${ownerId} ${keyHash}`;
      const known = keys.get(name) ?? { id: createId(), fingerprint };
      keys.set(name, known);
      return known.fingerprint === fingerprint ? known.id : undefined;
    },
    async open(upload, ttlMs, { countMax, sizeBytesMax }) {
      if (uploads.has(upload.id)) return "known";
      const open = [...uploads.values()].filter((one) => one.ownerId === upload.ownerId && !one.isCompleted);
      if (open.length >= countMax) return "too_many";
      if (open.reduce((sum, one) => sum + one.sizeBytes, upload.sizeBytes) > sizeBytesMax) return "too_large";
      uploads.set(upload.id, {
        ...upload,
        isCompleted: false,
        sentBytes: 0,
        expiresAtMs: Date.now() + ttlMs,
        parts: [],
      });
      return "opened";
    },
    find: async (id) => uploads.get(id),
    async reserve(uploadId, sizeBytes, sentBytesMax) {
      const upload = uploads.get(uploadId);
      if (!upload || upload.isCompleted || upload.sentBytes + sizeBytes > sentBytesMax) return false;
      uploads.set(uploadId, { ...upload, sentBytes: upload.sentBytes + sizeBytes });
      return true;
    },
    async release(uploadId, sizeBytes) {
      const upload = uploads.get(uploadId);
      if (upload) uploads.set(uploadId, { ...upload, sentBytes: upload.sentBytes - sizeBytes });
    },
    async putPart(uploadId, part) {
      const upload = uploads.get(uploadId);
      if (!upload || upload.isCompleted) return false;
      const parts = [...upload.parts.filter(({ n }) => n !== part.n), part].toSorted((left, right) => left.n - right.n);
      uploads.set(uploadId, { ...upload, parts });
      return true;
    },
    async complete(id, assetId) {
      const upload = uploads.get(id);
      if (upload) uploads.set(id, { ...upload, assetId, isCompleted: true });
    },
    remove: async (id) => void uploads.delete(id),
    forgetKeys: () => keys.clear(),
  };
}
