import {
  callbackBody,
  errorBody,
  errorStatus,
  health,
  jobEvent,
  kindInputs,
  kindResults,
  kinds,
  productJob,
  queuedJob,
  webhookBody,
} from "@comfy/contracts";
import * as z from "zod";
import {
  isMediaField,
  type JsonSchema,
  type PrintOptions,
  printComment,
  printFields,
  printType,
} from "./print-type.ts";

/** Contract names that would collide with a class of the SDK or a global. */
const RENAMED: Readonly<Record<string, string>> = { Job: "JobSnapshot", JobEvent: "WireEvent", Error: "ErrorBody" };

const nameOf = (definition: string) => RENAMED[definition] ?? definition;

function definitionsOf(schema: z.ZodType, io: "input" | "output"): [string, JsonSchema][] {
  const printed: JsonSchema = JSON.parse(JSON.stringify(z.toJSONSchema(schema, { io })));
  if (!printed.$defs)
    throw new Error("A schema of the contract has no id, so it cannot be named: give it .meta({ id }).");
  return Object.entries(printed.$defs);
}

function collect(schemas: readonly z.ZodType[], io: "input" | "output"): Map<string, JsonSchema> {
  const found = new Map(schemas.flatMap((schema) => definitionsOf(schema, io)));
  return new Map([...found].sort(([left], [right]) => (left < right ? -1 : 1)));
}

function printDefinition(name: string, schema: JsonSchema, options: PrintOptions): string {
  const comment = printComment(schema.description ?? `\`${name}\` as it is on the wire.`, "");
  if (schema.type === "object" && schema.properties) {
    return `${comment}export interface ${nameOf(name)} {\n${printFields(schema, options)}}\n`;
  }
  return `${comment}export type ${nameOf(name)} = ${printType(schema, options)};\n`;
}

const idOf = (schema: z.ZodType): string => {
  const id = schema.meta()?.id;
  if (!id) throw new Error("An input or result of a kind has no id: give it .meta({ id }).");
  return nameOf(id);
};

const printMap = (name: string, words: string, schemas: Readonly<Record<string, z.ZodType>>) =>
  `${printComment(words, "")}export interface ${name} {\n${Object.entries(schemas)
    .map(([kind, schema]) => `  ${kind}: ${idOf(schema)};\n`)
    .join("")}}\n`;

/** The text of `src/generated/types.ts`: plain interfaces, so that a consumer's compiler infers nothing. */
export function printTypes(banner: string): string {
  const inputs = collect(Object.values(kindInputs), "input");
  const outputs = collect(
    [...Object.values(kindResults), productJob, queuedJob, jobEvent, callbackBody, webhookBody, health, errorBody],
    "output",
  );
  const isMediaKnown = [...inputs.values()].some((schema) => Object.values(schema.properties ?? {}).some(isMediaField));
  if (!isMediaKnown) throw new Error("No input has a media field: the descriptions no longer name an upload id.");
  return [
    banner,
    "/** A file on its way in: an https URL, an upload id, an asset id, a `localPath` of an earlier result, or bytes to upload. */\nexport type MediaInput = string | Blob | Uint8Array;\n",
    ...[...inputs].map(([name, schema]) => printDefinition(name, schema, { nameOf, isInput: true })),
    ...[...outputs].map(([name, schema]) => printDefinition(name, schema, { nameOf, isInput: false })),
    printMap("Inputs", "What each kind takes.", kindInputs),
    printMap("Results", "What each kind gives.", kindResults),
    `/** The kinds of generation the service knows. */\nexport type Kind = ${kinds.map((kind) => JSON.stringify(kind)).join(" | ")};\n`,
    `/** The stable names of the service's errors. A newer service may answer others. */\nexport type ErrorCode =\n${Object.keys(
      errorStatus,
    )
      .map((code) => `  | ${JSON.stringify(code)}`)
      .join("\n")};\n`,
  ].join("\n");
}
