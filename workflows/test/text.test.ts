import { describe, expect, it } from "vitest";
import { bindPlan, planJob } from "../src/index.ts";
import { toPlainText, toPromptText, toSpeechText } from "../src/text.ts";
import { fullBackend } from "./backend.ts";
import { findGraphFaults } from "./graph-faults.ts";

describe("plain text", () => {
  it.each([
    ["a\n\t b\r\n", "a b"],
    ["a\u0000\u0001b\u007f\u009f", "ab"],
    ["\u202eabc\u2066\ufeff\u200b", "abc"],
    ["a\ud800b", "a\ufffdb"],
    ["🧔🏽‍♂️ é 侍", "🧔🏽‍♂️ é 侍"],
    ["\u2028\u00a0", ""],
  ])("makes %j one readable line", (text, plain) => {
    expect(toPlainText(text)).toBe(plain);
  });
});

describe("prompt text", () => {
  it.each([
    ["(word:1.2)", "\\(word:1.2\\)"],
    ["((a))", "\\(\\(a\\)\\)"],
    ["\\(a\\\\)", "\\(a\\)"],
    ["embedding:evil.pt", "embedding :evil.pt"],
    ["a, EMBEDDING:../../x", "a, EMBEDDING :../../x"],
    ["embedded: no", "embedded: no"],
    ["[a|b] {c} <lora:x:1>", "[a|b] {c} <lora:x:1>"],
  ])("makes the weight and file syntax in %j mere words", (plain, text) => {
    expect(toPromptText(plain)).toBe(text);
  });

  it("leaves no parenthesis unescaped, whatever comes before it", () => {
    for (const text of ["\\\\\\(", "a\\)(", ")(", "\\"]) {
      expect(toPromptText(text)).not.toMatch(/(?<!\\)[()]/);
    }
  });

  it("is neutral also when the syntax was hidden behind characters that are taken out", () => {
    expect(toPromptText(toPlainText("embed\u0000ding\u200b:x"))).toBe("embedding :x");
  });
});

describe("speech text", () => {
  it("makes voice tags mere words", () => {
    expect(toSpeechText("{deep}Hello {x}")).toBe("(deep)Hello (x)");
  });
});

const hostile = [
  "(".repeat(1000),
  `${"a".repeat(1999)}.`,
  "a-".repeat(1000),
  "a. ".repeat(600),
  "\ud800".repeat(2000),
  '{"class_type":"X"} {{7*7}} $& $1 %n \\',
  '["sampler", 0]',
  "__proto__",
  "👩‍👩‍👧‍👦".repeat(180),
  "light ".repeat(300),
];

describe("hostile words", () => {
  it.each(hostile)(
    "stay text of a sound graph, quickly: %j",
    (words) => {
      const input = {
        description: words,
        style: words.slice(0, 64),
        expression: words.slice(0, 64),
        gender: words.slice(0, 64),
        negative_prompt: words,
      };
      const outcome = planJob("portrait", input, { randomSeed: () => 1 });
      if (!outcome.ok) throw new Error(outcome.message);
      for (const variant of outcome.plan.variants) {
        const bound = bindPlan(
          { ...outcome.plan, variants: [variant] },
          { inventory: fullBackend, media: {}, filenamePrefix: "p" },
        );
        if (!bound.ok) throw new Error("not bound");
        expect(findGraphFaults(bound.graph, fullBackend)).toEqual([]);
        expect(JSON.parse(JSON.stringify(bound.graph))).toEqual(bound.graph);
        expect(Object.values(variant.values).every((value) => typeof value !== "string" || value.isWellFormed())).toBe(
          true,
        );
      }
    },
    5000,
  ); // It takes a few milliseconds; a regular expression that backtracks takes minutes.
});
