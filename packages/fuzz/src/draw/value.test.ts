import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { expect, it } from "vitest";
import type { Schema } from "../document/schema.ts";
import { createMemory } from "../memory/memory.ts";
import { createRandom } from "../random.ts";
import { spoil } from "./spoil.ts";
import { drawValue } from "./value.ts";

const document = {
  components: {
    schemas: {
      Style: { type: "string", enum: ["plain", "loud"] },
      Tree: { type: "object", properties: { leaves: { type: "array", items: { $ref: "#/components/schemas/Tree" } } } },
    },
  },
};

const schema: Schema = {
  type: "object",
  required: ["name", "style", "size", "when", "target"],
  additionalProperties: false,
  properties: {
    name: { type: "string", minLength: 3, maxLength: 5 },
    style: { $ref: "#/components/schemas/Style" },
    size: { type: "integer", minimum: 64, maximum: 128 },
    share: { type: "number", minimum: 0, maximum: 1 },
    when: { type: "string", format: "date-time" },
    target: { anyOf: [{ type: "string", format: "uri" }, { type: "null" }] },
    tags: { type: "array", items: { type: "string", minLength: 1 }, minItems: 1, maxItems: 2 },
    metadata: { type: "object", additionalProperties: { type: "boolean" } },
    tree: { $ref: "#/components/schemas/Tree" },
  },
};

const ajv = new Ajv2020({ strict: false });
addFormats.default(ajv);
const isValid = ajv.compile({ ...schema, components: document.components });

function draw(seed: number): unknown {
  const deps = { document, random: createRandom(seed), memory: createMemory([], "http://x"), receiverUrl: "http://x" };
  return drawValue(schema, deps);
}

it("draws what the schema allows, in many shapes", () => {
  const drawn = Array.from({ length: 500 }, (_, seed) => draw(seed));
  for (const value of drawn) expect(isValid(value), JSON.stringify([value, isValid.errors])).toBe(true);
  expect(new Set(drawn.map((value) => JSON.stringify(value))).size).toBeGreaterThan(450);
});

it("draws the same from the same seed", () => {
  const shape = (seed: number) => JSON.stringify(draw(seed)).replace(/\d{4}-[^"]+/g, "");
  expect(shape(7)).toBe(shape(7));
  expect(shape(7)).not.toBe(shape(8));
});

it("spoils most of what it spoils", () => {
  const spoiled = Array.from({ length: 500 }, (_, seed) => spoil(draw(seed), createRandom(seed)));
  expect(spoiled.filter((value) => !isValid(value)).length).toBeGreaterThan(350);
});
