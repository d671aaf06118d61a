/** Files of more than this come as streams. */
const FILE_BYTES_MAX = 4 * 1024 * 1024;
/** All files that have not been read to their end at once; what is beyond it comes as streams as well. */
const TOTAL_BYTES_MAX = 64 * 1024 * 1024;

/** Memory in which small outputs are gathered, within one bound for all of them. */
export interface OutputMemory {
  /** Undefined when the file is not small, or when too much has been taken. */
  take(sizeBytes: number): Uint8Array | undefined;
  /** What was taken has gone its way. */
  giveBack(memory: Uint8Array): void;
}

export function createOutputMemory(totalBytesMax = TOTAL_BYTES_MAX): OutputMemory {
  let freeBytes = totalBytesMax;
  return {
    take(sizeBytes) {
      if (sizeBytes > FILE_BYTES_MAX || sizeBytes > freeBytes) return undefined;
      freeBytes -= sizeBytes;
      return Buffer.allocUnsafeSlow(sizeBytes);
    },
    giveBack(memory) {
      freeBytes += memory.byteLength;
    },
  };
}
