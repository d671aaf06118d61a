/**
 * Gives the memory of a chunk that was read from a socket back at once. Left to the collector, chunks of 64 kB make it walk the whole heap
 * every few megabytes, which costs more than everything else about a file of a megabyte together. Nobody may look at the chunk, or
 * at anything else that was cut from the same read, afterwards.
 */
export function freeChunk({ buffer, byteLength }: Uint8Array): void {
  // Memory that is shared (Buffer's pool hands out pieces of less than half of it) is not ours to free.
  if (buffer instanceof ArrayBuffer && byteLength * 2 > buffer.byteLength) buffer.transfer(0);
}
