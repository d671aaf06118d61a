import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import type { Operation } from "../document/operations.ts";
import { type Json, toRecord } from "../document/schema.ts";
import { readJson } from "../memory/memory.ts";
import type { Answer } from "../wire/send.ts";

/** What is wrong with an answer, as a sentence; nothing when it keeps to the document. */
export type CheckAnswer = (operation: Operation, answer: Answer) => string | undefined;

const DOCUMENT = "document";

/** Holds answers to the document: their status, their media type, and every field of their body. */
export function createCheckAnswer(document: Json): CheckAnswer {
  const ajv = new Ajv2020({ strict: false, allErrors: false, validateFormats: true });
  addFormats.default(ajv);
  ajv.addSchema(document, DOCUMENT);
  const validators = new Map<string, ValidateFunction>();

  function validatorOf(pointer: string): ValidateFunction {
    const known = validators.get(pointer);
    if (known) return known;
    const fragment = pointer.slice(1).split("/").map(encodeURIComponent).join("/");
    const made = ajv.compile({ $ref: `${DOCUMENT}#${fragment}` });
    validators.set(pointer, made);
    return made;
  }

  return function checkAnswer(operation, answer) {
    const told = readCode(answer);
    if (told === "internal_error") return "It says internal_error: something unforeseen happened.";
    const contents = operation.answers[String(answer.status)];
    if (!contents) return `The document knows no answer ${answer.status} here.`;
    return checkBody(contents, answer, validatorOf);
  };
}

function checkBody(
  contents: Readonly<Record<string, string>>,
  { bytes, headers, isCut }: Answer,
  validatorOf: (pointer: string) => ValidateFunction,
): string | undefined {
  const mediaTypes = Object.keys(contents);
  if (mediaTypes.length === 0) return bytes.length === 0 ? undefined : "The document knows no body here.";
  const mediaType = (headers["content-type"] ?? "").split(";")[0]?.trim() ?? "";
  const pointer = contents[mediaType] ?? contents["*/*"] ?? contents["application/octet-stream"];
  if (pointer === undefined) return `The document knows ${mediaTypes.join(", ")} here, not ${mediaType || "nothing"}.`;
  if (isCut || mediaType !== "application/json") return undefined;
  const body = readJson(bytes.toString("utf8"));
  if (body === undefined) return "The body is not JSON.";
  const validate = validatorOf(pointer);
  if (validate(body)) return undefined;
  const [error] = validate.errors ?? [];
  return `The body breaks its schema at ${error?.instancePath || "/"}: ${error?.message}.`;
}

/** What is known of paths that nobody promised: never a failure of ours, always the one error body. */
export function checkStray(answer: Answer): string | undefined {
  if (answer.status >= 500) return `A path that is not there was answered ${answer.status}.`;
  if (answer.status < 400) return `A path that is not there was answered ${answer.status}.`;
  const { error } = toRecord(readJson(answer.bytes.toString("utf8")));
  return typeof error === "string" || answer.bytes.length === 0 ? undefined : "The refusal is not an error body.";
}

const readCode = ({ status, bytes }: Answer): unknown =>
  status < 500 ? undefined : toRecord(readJson(bytes.toString("utf8"))).code;
