import { describe, expect, it } from "vitest";
import { ConversionError, toPythonFloat, toPythonInt } from "./convert.ts";
import { parsePythonJson } from "./parse-json.ts";
import { toPythonJson } from "./print-json.ts";
import { toPythonRepr } from "./print-value.ts";
import { isEqual, PythonFloat } from "./values.ts";

const printed = [
  "3.0",
  "1e+16",
  "1e-05",
  "0.0001",
  "1.5",
  "1.2345678901234568e+17",
  "-0.0",
  "1e+22",
  "0.1",
  "5e-324",
  "1000000000000000.0",
  "0.00012345",
  "18446744073709551615",
  "-3",
  "0",
];

describe("JSON as Python writes it", () => {
  it.for(printed)("gives %s back as it came", (text) => {
    expect(toPythonJson(parsePythonJson(text))).toBe(text);
  });

  it("separates with blanks, escapes what is beyond ASCII and keeps integers apart from floats", () => {
    const value = parsePythonJson('{"a":[1,1.0,null,true],"é":"😀\\n"}');
    expect(toPythonJson(value)).toBe('{"a": [1, 1.0, null, true], "\\u00e9": "\\ud83d\\ude00\\n"}');
  });

  it("keeps the order of a map and leaves undefined members out", () => {
    expect(
      toPythonJson(
        new Map<string, unknown>([
          ["2", 1],
          ["1", undefined],
          ["0", 2],
        ]),
      ),
    ).toBe('{"2": 1, "0": 2}');
  });

  it("is not fooled by a member called __proto__", () => {
    expect(toPythonJson(parsePythonJson('{"__proto__": {"a": 1}}'))).toBe('{"__proto__": {"a": 1}}');
  });
});

describe("Python's conversions", () => {
  it.for([
    ['"64"', 64],
    ['" 6_4 "', 64],
    ["64.9", 64],
    ["-64.9", -64],
    ["true", 1],
    ['"18446744073709551615"', 18446744073709551615n],
  ] as const)("makes an int of %s", ([text, expected]) => {
    expect(toPythonInt(parsePythonJson(text))).toBe(expected);
  });

  it.for([
    ['"abc"', "invalid literal for int() with base 10: 'abc'"],
    ['"1.5"', "invalid literal for int() with base 10: '1.5'"],
    ["null", "int() argument must be a string, a bytes-like object or a real number, not 'NoneType'"],
    ["{}", "int() argument must be a string, a bytes-like object or a real number, not 'dict'"],
  ] as const)("refuses an int of %s in Python's words", ([text, message]) => {
    expect(() => toPythonInt(parsePythonJson(text))).toThrow(new ConversionError(message));
  });

  it("makes floats of text and integers, and refuses words", () => {
    expect(toPythonFloat("1e3").value).toBe(1000);
    expect(toPythonFloat(24)).toEqual(new PythonFloat(24));
    expect(() => toPythonFloat("x")).toThrow("could not convert string to float: 'x'");
  });

  it("prints lists and quotes like repr()", () => {
    expect(toPythonRepr(["a", "it's", null, true, new PythonFloat(2)])).toBe(`['a', "it's", None, True, 2.0]`);
  });

  it("finds 1, 1.0 and True equal", () => {
    expect(isEqual(1, new PythonFloat(1))).toBe(true);
    expect(isEqual(1, true)).toBe(true);
    expect(isEqual([1, { a: 2 }], [1, { a: new PythonFloat(2) }])).toBe(true);
    expect(isEqual("1", 1)).toBe(false);
  });
});
