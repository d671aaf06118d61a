import type { ReferenceObject, SchemaObject } from "openapi3-ts/oas31";
import * as z from "zod";

/** Schemas of the document: those with an id become components and are referred to. */
export interface SchemaPrinter {
  /** As a caller sends it (`input`) or receives it (`output`). */
  print(schema: z.ZodType, io: "input" | "output"): SchemaObject | ReferenceObject;
  /** The components printed so far, by name. */
  readonly components: Record<string, SchemaObject>;
}

type Json = Record<string, unknown>;

// What zod adds and no reader of the document needs.
function dropNoise(json: Json, io: "input" | "output"): void {
  // An answer may grow fields, so a client must not be told that there are no others.
  if (io === "output" && json.additionalProperties === false) delete json.additionalProperties;
  if (json.format !== undefined) delete json.pattern;
  if (json.minimum === Number.MIN_SAFE_INTEGER) {
    delete json.minimum;
    if (json.maximum === Number.MAX_SAFE_INTEGER) delete json.maximum;
  }
  delete json.id;
}

const toComponentPath = (text: string) => text.replaceAll('"#/$defs/', '"#/components/schemas/');

export function createSchemaPrinter(): SchemaPrinter {
  const components: Record<string, SchemaObject> = {};

  function add(name: string, component: SchemaObject): void {
    const known = components[name];
    if (known && JSON.stringify(known) !== JSON.stringify(component))
      throw new Error(`Two schemas are called ${name}: give one of them another id.`);
    components[name] = component;
  }

  return {
    components,
    print(schema, io) {
      const printed = z.toJSONSchema(schema, { io, override: ({ jsonSchema }) => dropNoise(jsonSchema, io) });
      const { $schema: _, $defs, ...root } = JSON.parse(toComponentPath(JSON.stringify(printed)));
      for (const [name, component] of Object.entries<SchemaObject>($defs ?? {})) add(name, component);
      return root;
    },
  };
}
