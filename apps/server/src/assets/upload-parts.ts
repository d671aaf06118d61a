import type { ReceivedPart, Upload } from "./upload-store.ts";

/** A part of an upload, whether it has arrived or not. */
export interface UploadPart {
  readonly n: number;
  /** Exactly what it must have. */
  readonly sizeBytes: number;
  readonly received?: ReceivedPart;
}

type Sizes = Pick<Upload, "sizeBytes" | "partSizeBytes">;

export const countParts = ({ sizeBytes, partSizeBytes }: Sizes): number => Math.ceil(sizeBytes / partSizeBytes);

/** What the part of that number must have; undefined when there is no such part. */
export function sizeOfPart(upload: Sizes, n: number): number | undefined {
  const { sizeBytes, partSizeBytes } = upload;
  if (!Number.isInteger(n) || n < 1 || n > countParts(upload)) return undefined;
  return Math.min(partSizeBytes, sizeBytes - (n - 1) * partSizeBytes);
}

/** Every part, in order. */
export function listParts(upload: Upload): readonly UploadPart[] {
  const byNumber = new Map(upload.parts.map((part) => [part.n, part]));
  return Array.from({ length: countParts(upload) }, (_, index) => {
    const n = index + 1;
    const received = byNumber.get(n);
    return { n, sizeBytes: sizeOfPart(upload, n) ?? 0, ...(received && { received }) };
  });
}
