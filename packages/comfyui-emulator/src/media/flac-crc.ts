/** The two checksums of a FLAC frame: polynomial 0x07 over the header, 0x8005 over the frame. */
export function crc8(bytes: Uint8Array): number {
  return checksum(bytes, 8, 0x07);
}

export function crc16(bytes: Uint8Array): number {
  return checksum(bytes, 16, 0x8005);
}

const tables = new Map<number, Uint16Array>();

function tableFor(width: number, polynomial: number): Uint16Array {
  const known = tables.get(width);
  if (known !== undefined) return known;
  const top = 1 << (width - 1);
  const mask = (1 << width) - 1;
  const table = Uint16Array.from({ length: 256 }, (_, byte) => {
    let value = byte << (width - 8);
    for (let bit = 0; bit < 8; bit++) value = value & top ? ((value << 1) ^ polynomial) & mask : (value << 1) & mask;
    return value;
  });
  tables.set(width, table);
  return table;
}

function checksum(bytes: Uint8Array, width: number, polynomial: number): number {
  const table = tableFor(width, polynomial);
  const mask = (1 << width) - 1;
  let value = 0;
  for (const byte of bytes) value = ((value << 8) ^ (table[((value >> (width - 8)) ^ byte) & 0xff] ?? 0)) & mask;
  return value;
}
