import { isRecord, type Json, resolve, type Schema, toRecord } from "../document/schema.ts";
import type { Memory } from "../memory/memory.ts";
import type { Random } from "../random.ts";

export interface DrawDeps {
  readonly document: Json;
  readonly random: Random;
  readonly memory: Memory;
  /** Where addresses that the service is to call lead. */
  readonly receiverUrl: string;
}

const DEPTH_MAX = 6;
const ITEMS_MAX = 3;
const TEXT_LENGTH_MAX = 24;
const LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789";

/** A value that a schema allows, as far as a machine can tell; `name` is the property it is for. */
export function drawValue(given: Schema, deps: DrawDeps, name = "", depth = 0): unknown {
  const { document, random, memory } = deps;
  const schema = resolve(document, given);
  if (schema.const !== undefined) return schema.const;
  if (schema.enum) return random.pick(schema.enum);
  const known = memory.recall(name, random);
  if (known !== undefined && fits(known, schema) && random.chance(schema.pattern === undefined ? 0.7 : 1)) return known;
  const examples = [...(schema.examples ?? []), ...(schema.default === undefined ? [] : [schema.default])];
  if (examples.length > 0 && random.chance(0.5)) return random.pick(examples);
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) {
    const chosen = drawValue(random.pick(choices), deps, name, depth);
    if (!schema.properties || !isRecord(chosen)) return chosen;
    return { ...drawObject({ ...schema, type: "object" }, deps, depth), ...chosen };
  }
  const types = [schema.type ?? (schema.properties ? "object" : "string")].flat();
  return drawTyped(random.pick(types), schema, deps, name, depth);
}

function drawTyped(type: string, schema: Schema, deps: DrawDeps, name: string, depth: number): unknown {
  switch (type) {
    case "null":
      return null;
    case "boolean":
      return deps.random.chance(0.5);
    case "integer":
    case "number":
      return drawNumber(type, schema, deps.random);
    case "array":
      return drawArray(schema, deps, name, depth);
    case "object":
      return drawObject(schema, deps, depth);
    default:
      return drawText(schema, deps);
  }
}

function fits(value: unknown, { type, pattern }: Schema): boolean {
  const types = type === undefined ? ["string"] : [type].flat();
  if (typeof value === "number") return types.includes("number") || types.includes("integer");
  if (typeof value !== "string" || !types.includes("string")) return false;
  return pattern === undefined || new RegExp(pattern, "u").test(value);
}

function drawNumber(type: string, schema: Schema, random: Random): number {
  const min = Math.max(schema.minimum ?? (schema.exclusiveMinimum ?? -1) + 1, Number.MIN_SAFE_INTEGER);
  const max = Math.min(schema.maximum ?? (schema.exclusiveMaximum ?? min + 1_001) - 1, Number.MAX_SAFE_INTEGER);
  // Edges break more than middles do; and most services are asked for small numbers.
  if (random.chance(0.2)) return random.pick([min, max]);
  const near = Math.min(max, min + 1_000);
  return type === "integer" ? random.integer(Math.ceil(min), Math.floor(near)) : min + random.next() * (near - min);
}

function drawArray(schema: Schema, deps: DrawDeps, name: string, depth: number): unknown[] {
  const min = schema.minItems ?? 0;
  const max = Math.max(min, Math.min(schema.maxItems ?? ITEMS_MAX, min + ITEMS_MAX));
  const count = depth >= DEPTH_MAX ? min : deps.random.integer(min, max);
  return Array.from({ length: count }, () => drawValue(schema.items ?? {}, deps, name, depth + 1));
}

function drawObject(schema: Schema, deps: DrawDeps, depth: number): Json {
  const { random, document } = deps;
  const required = new Set(schema.required);
  const drawn = Object.entries(schema.properties ?? {})
    .filter(([name]) => required.has(name) || (depth < DEPTH_MAX && random.chance(0.25)))
    .map(([name, property]) => [name, drawValue(property, deps, name, depth + 1)]);
  return { ...Object.fromEntries(drawn), ...drawExtras(resolve(document, schema), deps, depth) };
}

/** Entries of a map, where names are free. */
function drawExtras({ additionalProperties, propertyNames, properties }: Schema, deps: DrawDeps, depth: number): Json {
  const isMap = isRecord(additionalProperties) || (propertyNames !== undefined && !properties);
  if (!isMap || depth >= DEPTH_MAX) return {};
  const value = toRecord(additionalProperties) as Schema;
  const drawName = () => String(drawText({ ...propertyNames, maxLength: 12 }, deps));
  return Object.fromEntries(
    Array.from({ length: deps.random.integer(0, 2) }, () => [drawName(), drawValue(value, deps, "", depth + 1)]),
  );
}

function drawText(schema: Schema, { random, receiverUrl }: DrawDeps): string {
  switch (schema.format) {
    case "uri":
      return `${receiverUrl}/${drawWord(random, 6)}`;
    case "uuid":
      return crypto.randomUUID();
    case "date-time":
      return new Date(Date.now() - random.integer(-3_600_000, 86_400_000)).toISOString();
    case "date":
      return new Date(Date.now() - random.integer(0, 30) * 86_400_000).toISOString().slice(0, 10);
    case "email":
      return `${drawWord(random, 8)}@example.com`;
    default:
      return drawWord(random, random.integer(...lengths(schema)));
  }
}

function lengths({ minLength, maxLength = TEXT_LENGTH_MAX }: Schema): [number, number] {
  const min = Math.min(minLength ?? 1, maxLength);
  return [min, Math.max(min, Math.min(maxLength, TEXT_LENGTH_MAX))];
}

export function drawWord(random: Random, length: number): string {
  return Array.from({ length }, () => LETTERS[random.integer(0, LETTERS.length - 1)]).join("");
}
