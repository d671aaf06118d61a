/** A FLAC decoder of its own, so that neither server is judged by the other's. Checksums are not looked at. */

export interface Samples {
  readonly sampleRate: number;
  readonly bitsPerSample: number;
  /** Integers, by channel. */
  readonly channels: readonly (readonly number[])[];
}

function createBits(bytes: Uint8Array, start: number) {
  let place = start * 8;
  const bit = (): number => {
    const value = ((bytes[place >> 3] ?? 0) >> (7 - (place & 7))) & 1;
    place += 1;
    return value;
  };
  const unsigned = (count: number): number => {
    let value = 0;
    for (let index = 0; index < count; index += 1) {
      value = value * 2 + bit();
    }
    return value;
  };
  return {
    unsigned,
    signed: (count: number): number => {
      const value = unsigned(count);
      return count > 0 && value >= 2 ** (count - 1) ? value - 2 ** count : value;
    },
    unary: (): number => {
      let zeros = 0;
      while (bit() === 0) {
        zeros += 1;
      }
      return zeros;
    },
    align: (): void => {
      place = Math.ceil(place / 8) * 8;
    },
    isAtEnd: (): boolean => place + 16 > bytes.length * 8,
  };
}
type Bits = ReturnType<typeof createBits>;

function readResidual(bits: Bits, blockSize: number, order: number): number[] {
  const parameterBits = bits.unsigned(2) === 0 ? 4 : 5;
  const partitions = 2 ** bits.unsigned(4);
  const residual: number[] = [];
  for (let partition = 0; partition < partitions; partition += 1) {
    const count = blockSize / partitions - (partition === 0 ? order : 0);
    const parameter = bits.unsigned(parameterBits);
    const isEscaped = parameter === 2 ** parameterBits - 1;
    const rawBits = isEscaped ? bits.unsigned(5) : 0;
    for (let index = 0; index < count; index += 1) {
      if (isEscaped) {
        residual.push(bits.signed(rawBits));
      } else {
        const folded = bits.unary() * 2 ** parameter + bits.unsigned(parameter);
        residual.push(folded % 2 === 0 ? folded / 2 : -(folded + 1) / 2);
      }
    }
  }
  return residual;
}

const FIXED: readonly (readonly number[])[] = [[], [1], [2, -1], [3, -3, 1], [4, -6, 4, -1]];

function predict(
  warmup: readonly number[],
  weights: readonly number[],
  shift: number,
  residual: readonly number[],
): number[] {
  const samples = [...warmup];
  for (const rest of residual) {
    const sum = weights.reduce((total, weight, index) => total + weight * (samples.at(-1 - index) ?? 0), 0);
    samples.push(Math.floor(sum / 2 ** shift) + rest);
  }
  return samples;
}

function readSubframe(bits: Bits, blockSize: number, sampleBits: number): number[] {
  bits.unsigned(1);
  const type = bits.unsigned(6);
  const wasted = bits.unsigned(1) === 1 ? bits.unary() + 1 : 0;
  const width = sampleBits - wasted;
  const restore = (samples: number[]): number[] => samples.map((sample) => sample * 2 ** wasted);
  const read = (count: number): number[] => Array.from({ length: count }, () => bits.signed(width));
  if (type === 0) {
    return restore(Array<number>(blockSize).fill(bits.signed(width)));
  }
  if (type === 1) {
    return restore(read(blockSize));
  }
  if (type < 32) {
    const order = type - 8;
    const warmup = read(order);
    return restore(predict(warmup, FIXED[order] ?? [], 0, readResidual(bits, blockSize, order)));
  }
  const order = type - 31;
  const warmup = read(order);
  const precision = bits.unsigned(4) + 1;
  const shift = bits.signed(5);
  const weights = Array.from({ length: order }, () => bits.signed(precision));
  return restore(predict(warmup, weights, shift, readResidual(bits, blockSize, order)));
}

const BLOCK_SIZES: Readonly<Record<number, number>> = { 1: 192, 2: 576, 3: 1152, 4: 2304, 5: 4608 };

function readFrame(bits: Bits, sampleBits: number): number[][] {
  bits.unsigned(16);
  const [sizeCode, rateCode, layout] = [bits.unsigned(4), bits.unsigned(4), bits.unsigned(4)];
  bits.unsigned(4);
  for (let lead = bits.unsigned(8), mask = 0x40; lead & 0x80 && lead & mask; mask >>= 1) {
    bits.unsigned(8);
  }
  const blockSize =
    sizeCode === 6
      ? bits.unsigned(8) + 1
      : sizeCode === 7
        ? bits.unsigned(16) + 1
        : (BLOCK_SIZES[sizeCode] ?? 2 ** sizeCode);
  bits.unsigned(rateCode === 12 ? 8 : rateCode === 13 || rateCode === 14 ? 16 : 0);
  bits.unsigned(8);
  const isSide = [layout === 9, layout === 8 || layout === 10];
  const channels = Array.from({ length: layout < 8 ? layout + 1 : 2 }, (_, channel) =>
    readSubframe(bits, blockSize, sampleBits + (isSide[channel] ? 1 : 0)),
  );
  bits.align();
  bits.unsigned(16);
  return joinStereo(layout, channels);
}

/** Undoes left/side (8), side/right (9) and mid/side (10). */
function joinStereo(layout: number, channels: number[][]): number[][] {
  const [first = [], second = []] = channels;
  if (layout < 8) {
    return channels;
  }
  const left = first.map((value, index) => {
    const other = second[index] ?? 0;
    return layout === 8 ? value : layout === 9 ? value + other : (value * 2 + Math.abs(other % 2) + other) / 2;
  });
  const right = first.map((value, index) => {
    const other = second[index] ?? 0;
    return layout === 8 ? value - other : layout === 9 ? other : (value * 2 + Math.abs(other % 2) - other) / 2;
  });
  return [left, right];
}

export function readFlac(bytes: Uint8Array): Samples {
  let info = { sampleRate: 0, bitsPerSample: 0 };
  let start = 4;
  for (let isLast = false; !isLast; ) {
    const head = createBits(bytes, start);
    isLast = head.unsigned(1) === 1;
    const [type, length] = [head.unsigned(7), head.unsigned(24)];
    if (type === 0) {
      head.unsigned(80);
      const [sampleRate, , bitsPerSample] = [head.unsigned(20), head.unsigned(3), head.unsigned(5) + 1];
      info = { sampleRate, bitsPerSample };
    }
    start += 4 + length;
  }
  const bits = createBits(bytes, start);
  const channels: number[][] = [];
  while (!bits.isAtEnd()) {
    readFrame(bits, info.bitsPerSample).forEach((samples, channel) => {
      channels[channel] = [...(channels[channel] ?? []), ...samples];
    });
  }
  return { ...info, channels };
}
