/** The part of JSON Schema that zod prints for our contract. */
export interface JsonSchema {
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly description?: string;
}

/** How names and special fields are written. */
export interface PrintOptions {
  /** TypeScript name of a `$defs` entry. */
  readonly nameOf: (definition: string) => string;
  /** What people give us may hold explicit undefineds and files; what we answer holds neither. */
  readonly isInput: boolean;
}

const REFERENCE = "#/$defs/";

/** A media field is told by its description, which lists an upload id among the accepted forms. */
export const isMediaField = (schema: JsonSchema): boolean =>
  schema.type === "string" && /\bupload id\b/.test(schema.description ?? "");

/** A doc comment at some depth, or nothing. */
export function printComment(text: string | undefined, indent: string): string {
  return text ? `${indent}/** ${text.replaceAll("*/", "*\\/")} */\n` : "";
}

/** Properties as lines of an interface body. */
export function printFields(schema: JsonSchema, options: PrintOptions, indent = "  "): string {
  return Object.entries(schema.properties ?? {})
    .map(([name, field]) => {
      const isRequired = schema.required?.includes(name);
      const type = options.isInput && isMediaField(field) ? "MediaInput" : printType(field, options, indent);
      const optional = options.isInput ? " | undefined" : "";
      const key = /^\w+$/.test(name) ? name : JSON.stringify(name);
      return `${printComment(field.description, indent)}${indent}${key}${isRequired ? `: ${type}` : `?: ${type}${optional}`};\n`;
    })
    .join("");
}

/** A schema as a TypeScript type. Fails on what it does not know: a guessed type would be a false promise. */
export function printType(schema: JsonSchema, options: PrintOptions, indent = ""): string {
  if (schema.$ref?.startsWith(REFERENCE)) return options.nameOf(schema.$ref.slice(REFERENCE.length));
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  const union = schema.anyOf ?? schema.oneOf;
  if (union) return union.map((member) => printType(member, options, indent)).join(" | ");
  if (schema.allOf) return schema.allOf.map((member) => `(${printType(member, options, indent)})`).join(" & ");
  switch (schema.type) {
    case "string":
    case "boolean":
    case "null":
      return schema.type;
    case "number":
    case "integer":
      return "number";
    case "array":
      return `(${printType(schema.items ?? {}, options, indent)})[]`.replace(/^\((\w+)\)/, "$1");
    case "object":
      if (schema.properties) return `{\n${printFields(schema, options, `${indent}  `)}${indent}}`;
      return typeof schema.additionalProperties === "object"
        ? `Record<string, ${printType(schema.additionalProperties, options, indent)}>`
        : "Record<string, unknown>";
    case undefined:
      return "unknown";
    default:
      throw new Error(`The generator cannot print this schema as a type: ${JSON.stringify(schema)}`);
  }
}
