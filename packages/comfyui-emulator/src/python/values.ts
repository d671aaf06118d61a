/**
 * JSON as Python sees it: integers and floats are different things, and integers have no upper limit. The protocol
 * shows both (`24` becomes `24.0` in a FLOAT input, seeds reach 2^64-1), so numbers keep their kind all the way.
 */
export type PythonJson =
  | null
  | boolean
  | string
  /** An integer within 2^53. */
  | number
  /** An integer beyond 2^53. */
  | bigint
  | PythonFloat
  | readonly PythonJson[]
  | PythonObject;

export interface PythonObject {
  readonly [key: string]: PythonJson;
}

/** A Python float. Kept apart from integers because `3.0` and `3` print differently. */
export class PythonFloat {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

export function isPythonList(value: unknown): value is readonly PythonJson[] {
  return Array.isArray(value);
}

export function isPythonObject(value: unknown): value is PythonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof PythonFloat);
}

/** True for everything that Python's `if value:` enters. */
export function isTruthy(value: PythonJson | undefined): boolean {
  if (value instanceof PythonFloat) return value.value !== 0;
  if (isPythonList(value)) return value.length > 0;
  if (isPythonObject(value)) return Object.keys(value).length > 0;
  return Boolean(value);
}

/** An integer in its smallest form: number where exact, bigint beyond. */
export function toInteger(value: bigint): number | bigint {
  const isSafe = value <= BigInt(Number.MAX_SAFE_INTEGER) && value >= BigInt(Number.MIN_SAFE_INTEGER);
  return isSafe ? Number(value) : value;
}

/** The value as node classes take it: floats unwrapped to plain numbers, at any depth. */
export function toPlain(value: PythonJson): unknown {
  if (value instanceof PythonFloat) return value.value;
  if (isPythonList(value)) return value.map(toPlain);
  if (!isPythonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toPlain(item)]));
}

/** The number behind a JSON number of any kind; undefined for everything else. Booleans count, as in Python. */
export function toNumber(value: PythonJson | undefined): number | undefined {
  if (value instanceof PythonFloat) return value.value;
  if (typeof value === "number") return value;
  if (typeof value === "bigint") return Number(value);
  if (typeof value === "boolean") return value ? 1 : 0;
  return undefined;
}

/** Python's `==` between JSON values: `1 == 1.0 == True`. */
export function isEqual(first: PythonJson, second: PythonJson): boolean {
  const [a, b] = [toNumber(first), toNumber(second)];
  if (a !== undefined && b !== undefined) {
    return typeof first === "bigint" && typeof second === "bigint" ? first === second : a === b;
  }
  if (isPythonList(first) && isPythonList(second)) {
    return first.length === second.length && first.every((item, index) => isEqual(item, second[index] ?? null));
  }
  if (isPythonObject(first) && isPythonObject(second)) {
    const keys = Object.keys(first);
    if (keys.length !== Object.keys(second).length) return false;
    return keys.every((key) => Object.hasOwn(second, key) && isEqual(first[key] ?? null, second[key] ?? null));
  }
  return first === second;
}
