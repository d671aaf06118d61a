/** The part of JSON Schema that the document is written in. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly propertyNames?: Schema;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly examples?: readonly unknown[];
  readonly default?: unknown;
}

/** A document as it is read: nothing of it is believed. */
export type Json = Readonly<Record<string, unknown>>;

export const isRecord = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const toRecord = (value: unknown): Json => (isRecord(value) ? value : {});

/** One step of a JSON pointer. */
export const escapePointer = (step: string): string => step.replaceAll("~", "~0").replaceAll("/", "~1");

/** What a local `$ref` points at. @throws Error for a reference that leads nowhere. */
export function follow(document: Json, ref: string): Schema {
  const steps = ref.replace(/^#\//, "").split("/");
  let place: unknown = document;
  for (const step of steps) place = toRecord(place)[step.replaceAll("~1", "/").replaceAll("~0", "~")];
  if (!isRecord(place)) throw new Error(`The document refers to ${ref}, which is not there.`);
  return place;
}

/** The schema itself, references followed and `allOf` put together. */
export function resolve(document: Json, schema: Schema): Schema {
  const { $ref, allOf, ...rest } = schema;
  const own = $ref === undefined ? rest : { ...resolve(document, follow(document, $ref)), ...rest };
  if (allOf === undefined) return own;
  return allOf.map((part) => resolve(document, part)).reduce(join, own);
}

function join(left: Schema, right: Schema): Schema {
  return {
    ...left,
    ...right,
    properties: { ...left.properties, ...right.properties },
    required: [...(left.required ?? []), ...(right.required ?? [])],
  };
}
