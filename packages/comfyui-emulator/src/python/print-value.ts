import { isPythonList, isPythonObject, PythonFloat, type PythonJson } from "./values.ts";

/** A float as Python prints it: `3.0`, `1e-05`, `1e+16`, `NaN`. */
export function printFloat(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "Infinity" : "-Infinity";
  if (Object.is(value, -0)) return "-0.0";
  const [mantissa = "0", exponentText = "0"] = value.toExponential().split("e");
  const exponent = Number(exponentText);
  // Python leaves positional notation below 1e-4 and from 1e16; JavaScript at 1e-7 and 1e21.
  if (exponent < -4 || exponent >= 16) {
    const sign = exponent < 0 ? "-" : "+";
    return `${mantissa}e${sign}${String(Math.abs(exponent)).padStart(2, "0")}`;
  }
  const digits = exponent < 0 ? value.toFixed(fractionDigits(mantissa, exponent)) : String(value);
  return digits.includes(".") ? digits : `${digits}.0`;
}

function fractionDigits(mantissa: string, exponent: number): number {
  return (mantissa.split(".")[1]?.length ?? 0) - exponent;
}

/** Python's `str()` of a JSON value. */
export function toPythonText(value: PythonJson): string {
  return typeof value === "string" ? value : toPythonRepr(value);
}

/** Python's `repr()` of a JSON value: quotes, `None`, `True`, nested lists and dictionaries. */
export function toPythonRepr(value: PythonJson): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "string") return quotePython(value);
  if (value instanceof PythonFloat) return printFloat(value.value).replace("NaN", "nan").replace("Infinity", "inf");
  if (isPythonList(value)) return `[${value.map(toPythonRepr).join(", ")}]`;
  if (isPythonObject(value)) {
    return `{${Object.entries(value)
      .map(([key, item]) => `${quotePython(key)}: ${toPythonRepr(item)}`)
      .join(", ")}}`;
  }
  return String(value);
}

/** Single quotes, unless the text has one and no double quote. */
function quotePython(text: string): string {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text
    .replaceAll("\\", "\\\\")
    .replaceAll(mark, `\\${mark}`)
    .replaceAll("\n", "\\n")
    .replaceAll("\r", "\\r")
    .replaceAll("\t", "\\t");
  return mark + escaped + mark;
}

/** The name of a JSON value's Python type, as exceptions mention it. */
export function pythonTypeName(value: PythonJson): string {
  if (value === null) return "NoneType";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "string") return "str";
  if (value instanceof PythonFloat) return "float";
  if (isPythonList(value)) return "list";
  return isPythonObject(value) ? "dict" : "int";
}
