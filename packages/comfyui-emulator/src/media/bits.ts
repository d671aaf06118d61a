/** Writes big-endian bit fields. Grows as needed. */
export interface BitWriter {
  /** The lowest `count` (0..32) bits of `value`. */
  write(value: number, count: number): void;
  /** Zeroes and a closing one: how Rice codes store quotients. */
  unary(zeros: number): void;
  /** Fills the last byte with zeroes. */
  align(): void;
  bytes(): Uint8Array;
}

export function createBitWriter(): BitWriter {
  let buffer = new Uint8Array(8192);
  let length = 0;
  let pending = 0;
  let pendingBits = 0;

  function push(byte: number): void {
    if (length === buffer.length) {
      const larger = new Uint8Array(buffer.length * 2);
      larger.set(buffer);
      buffer = larger;
    }
    buffer[length++] = byte;
  }

  function write(value: number, count: number): void {
    for (let left = count; left > 0; ) {
      const take = Math.min(8 - pendingBits, left);
      pending = (pending << take) | ((value >>> (left - take)) & ((1 << take) - 1));
      pendingBits += take;
      left -= take;
      if (pendingBits === 8) {
        push(pending);
        pending = 0;
        pendingBits = 0;
      }
    }
  }

  return {
    write,
    unary(zeros) {
      for (let left = zeros; left > 0; left -= 32) write(0, Math.min(32, left));
      write(1, 1);
    },
    align() {
      if (pendingBits > 0) write(0, 8 - pendingBits);
    },
    bytes: () => buffer.slice(0, length),
  };
}

/** Reads big-endian bit fields. Reading past the end throws. */
export interface BitReader {
  /** The next `count` (0..32) bits, unsigned. */
  read(count: number): number;
  /** The next `count` (1..32) bits in two's complement. */
  readSigned(count: number): number;
  /** Counts zeroes up to the next one. */
  unary(): number;
  align(): void;
  /** Position in whole bytes. */
  position(): number;
}

export function createBitReader(bytes: Uint8Array, start = 0): BitReader {
  let at = start * 8;
  const end = bytes.length * 8;

  function read(count: number): number {
    if (at + count > end) throw new RangeError("the stream ended in the middle of a value");
    let value = 0;
    for (let left = count; left > 0; ) {
      const offset = at & 7;
      const take = Math.min(8 - offset, left);
      const part = ((bytes[at >> 3] ?? 0) >> (8 - offset - take)) & ((1 << take) - 1);
      value = value * 2 ** take + part;
      at += take;
      left -= take;
    }
    return value;
  }

  return {
    read,
    readSigned(count) {
      const value = read(count);
      return value >= 2 ** (count - 1) ? value - 2 ** count : value;
    },
    unary() {
      let zeros = 0;
      while (read(1) === 0) zeros++;
      return zeros;
    },
    align() {
      at = Math.ceil(at / 8) * 8;
    },
    position: () => at >> 3,
  };
}
