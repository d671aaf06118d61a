import { pythonTypeName, toPythonRepr } from "./print-value.ts";
import { isTruthy, PythonFloat, type PythonJson, toInteger, toNumber } from "./values.ts";

/** A conversion that Python refuses, with Python's own words. */
export class ConversionError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ConversionError";
  }
}

/** Python's `int(value)`. */
export function toPythonInt(value: PythonJson): number | bigint {
  if (typeof value === "number" || typeof value === "bigint") return value;
  if (typeof value === "boolean") return value ? 1 : 0;
  if (value instanceof PythonFloat) return fromFloat(value.value);
  if (typeof value !== "string") {
    const accepted = "a string, a bytes-like object or a real number";
    throw new ConversionError(`int() argument must be ${accepted}, not '${pythonTypeName(value)}'`);
  }
  const digits = value.trim().replace(/^\+/, "");
  if (!/^-?\d+(_\d+)*$/.test(digits)) {
    throw new ConversionError(`invalid literal for int() with base 10: ${toPythonRepr(value)}`);
  }
  return toInteger(BigInt(digits.replaceAll("_", "")));
}

function fromFloat(value: number): number | bigint {
  if (Number.isNaN(value)) throw new ConversionError("cannot convert float NaN to integer");
  if (!Number.isFinite(value)) throw new ConversionError("cannot convert float infinity to integer");
  return toInteger(BigInt(Math.trunc(value)));
}

/** Python's `float(value)`. */
export function toPythonFloat(value: PythonJson): PythonFloat {
  if (value instanceof PythonFloat) return value;
  const number = toNumber(value);
  if (number !== undefined) return new PythonFloat(number);
  if (typeof value !== "string") {
    throw new ConversionError(`float() argument must be a string or a real number, not '${pythonTypeName(value)}'`);
  }
  const text = value.trim().toLowerCase();
  const special = /^([+-]?)(inf|infinity|nan)$/.exec(text);
  if (special !== null) {
    const size = special[2] === "nan" ? Number.NaN : Number.POSITIVE_INFINITY;
    return new PythonFloat(special[1] === "-" ? -size : size);
  }
  if (!/^[+-]?(\d+(_\d+)*\.?(\d+(_\d+)*)?|\.\d+(_\d+)*)(e[+-]?\d+(_\d+)*)?$/.test(text)) {
    throw new ConversionError(`could not convert string to float: ${toPythonRepr(value)}`);
  }
  return new PythonFloat(Number(text.replaceAll("_", "")));
}

/** Python's `bool(value)`. */
export function toPythonBool(value: PythonJson): boolean {
  return isTruthy(value);
}
