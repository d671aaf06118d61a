/**
 * Gives memory back at once that is one piece and ours alone. Left to the collector, every few megabytes of a file's pieces make it walk
 * the whole heap, which costs more than storing them. Whoever looks at the bytes afterwards finds none.
 */
export function freeMemory({ buffer, byteLength }: Uint8Array): void {
  // A piece of something larger is not ours alone.
  if (buffer instanceof ArrayBuffer && byteLength === buffer.byteLength) buffer.transfer(0);
}
