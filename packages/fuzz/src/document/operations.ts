import { escapePointer, isRecord, type Json, type Schema, toRecord } from "./schema.ts";

export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly isRequired: boolean;
  readonly schema: Schema;
}

export interface Operation {
  readonly id: string;
  readonly method: string;
  /** With the names of its parameters in braces. */
  readonly path: string;
  readonly parameters: readonly Parameter[];
  readonly body?: { readonly mediaType: string; readonly schema: Schema; readonly isRequired: boolean };
  /** Anyone may call it. */
  readonly isPublic: boolean;
  /** It takes a link that the service handed out, and nothing else. */
  readonly isLink: boolean;
  /** Media types of the answer by status, each with the JSON pointer of its schema. */
  readonly answers: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

const METHODS = ["get", "put", "post", "delete", "patch", "head"];

/** Every operation of an OpenAPI 3.1 document. */
export function readOperations(document: Json): readonly Operation[] {
  return Object.entries(toRecord(document.paths)).flatMap(([path, item]) =>
    Object.entries(toRecord(item)).flatMap(([method, operation]) =>
      METHODS.includes(method) && isRecord(operation) ? [toOperation(path, method, operation, toRecord(item))] : [],
    ),
  );
}

function toOperation(path: string, method: string, operation: Json, item: Json): Operation {
  const security = Array.isArray(operation.security) ? operation.security.map(toRecord) : [];
  const names = security.flatMap(Object.keys);
  const body = readBody(toRecord(operation.requestBody));
  return {
    id: String(operation.operationId ?? `${method} ${path}`),
    method: method.toUpperCase(),
    path,
    parameters: [...readParameters(item.parameters), ...readParameters(operation.parameters)],
    ...(body && { body }),
    isPublic: security.length === 0,
    isLink: names.length > 0 && names.every((name) => /link/i.test(name)),
    answers: readAnswers(path, method, toRecord(operation.responses)),
  };
}

function readParameters(given: unknown): Parameter[] {
  return (Array.isArray(given) ? given : []).map(toRecord).flatMap((parameter) => {
    const place = parameter.in;
    if (place !== "path" && place !== "query" && place !== "header") return [];
    const schema = toRecord(parameter.schema) as Schema;
    return [{ name: String(parameter.name), in: place, isRequired: parameter.required === true, schema }];
  });
}

function readBody(body: Json): Operation["body"] {
  const [mediaType, content] = Object.entries(toRecord(body.content))[0] ?? [];
  if (mediaType === undefined) return undefined;
  return { mediaType, schema: toRecord(toRecord(content).schema) as Schema, isRequired: body.required === true };
}

function readAnswers(path: string, method: string, responses: Json): Operation["answers"] {
  const toContents = (status: string, response: unknown) =>
    Object.keys(toRecord(toRecord(response).content)).map((mediaType): [string, string] => [
      mediaType,
      ["#", "paths", path, method, "responses", status, "content", mediaType, "schema"].map(escapePointer).join("/"),
    ]);
  return Object.fromEntries(
    Object.entries(responses).map(([status, response]) => [status, Object.fromEntries(toContents(status, response))]),
  );
}
