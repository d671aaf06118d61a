import { type AppRoute, isAppRouteNoBody, isAppRouteOtherResponse } from "@ts-rest/core";
import type { OperationObject, ParameterObject, RequestBodyObject, ResponseObject } from "openapi3-ts/oas31";
import * as z from "zod";
import type { RouteMetadata, Scope } from "../src/access.ts";
import { type ErrorCode, errorStatus } from "../src/errors.ts";
import { callbackBody } from "../src/jobs.ts";
import { errorExamples, exampleOf } from "./examples.ts";
import { headersOf } from "./headers.ts";
import { type ListedRoute, metadataOf } from "./routes.ts";
import type { SchemaPrinter } from "./schemas.ts";
import { securityOf } from "./security.ts";

const isSchema = (value: unknown): value is z.ZodType => value instanceof z.ZodType;

/** The fields of a record of schemas or of an object schema, by name. */
function fieldsOf(schemas: unknown): [string, z.ZodType][] {
  // Alternatives that are told apart by a word have the rest of their fields in common.
  if (schemas instanceof z.ZodDiscriminatedUnion) return fieldsOf(schemas.options[0]);
  const shape = schemas instanceof z.ZodObject ? schemas.shape : schemas;
  return Object.entries(shape ?? {}).filter((entry): entry is [string, z.ZodType] => isSchema(entry[1]));
}

/** As people write it: `Idempotency-Key`. */
const toHeaderName = (name: string) => name.replace(/(^|-)[a-z]/g, (start) => start.toUpperCase());

function parametersOf(route: AppRoute, printer: SchemaPrinter): ParameterObject[] {
  const places = [
    ["path", route.pathParams],
    ["query", route.query],
    ["header", route.headers],
  ] as const;
  return places.flatMap(([place, schemas]) =>
    fieldsOf(schemas).map(([name, schema]): ParameterObject => {
      const { description, ...printed } = { description: "", ...printer.print(schema, "input") };
      const isRequired = place === "path" || !schema.safeParse(undefined).success;
      return {
        name: place === "header" ? toHeaderName(name) : name,
        in: place,
        required: isRequired,
        // `metadata[name]=text`: the one parameter that nests.
        ...("type" in printed && printed.type === "object" && { style: "deepObject", explode: true }),
        ...(description && { description }),
        schema: printed,
      };
    }),
  );
}

function requestBodyOf(route: AppRoute, printer: SchemaPrinter): RequestBodyObject | undefined {
  if (!("body" in route) || !isSchema(route.body)) return undefined;
  const { streams } = (route.metadata ?? {}) as Partial<RouteMetadata>;
  if (streams && route.contentType === undefined)
    return {
      required: true,
      content: { "application/octet-stream": { schema: { type: "string", format: "binary" } } },
    };
  if (route.body.safeParse(undefined).success) return undefined;
  const isFile = route.contentType === "multipart/form-data";
  const schema = isFile
    ? {
        type: "object" as const,
        properties: {
          stripLocation: { type: "string" as const, enum: ["true", "false"] },
          file: { type: "string" as const, format: "binary" },
        },
        required: ["file"],
      }
    : printer.print(route.body, "input");
  return { required: true, content: { [route.contentType ?? "application/json"]: { schema } } };
}

const codesOf = (status: number) =>
  (Object.keys(errorStatus) as ErrorCode[]).filter((code) => errorStatus[code] === status);

function responseOf(listed: ListedRoute, status: number, printer: SchemaPrinter): ResponseObject {
  const { route } = listed;
  const response = route.responses[status];
  const headers = headersOf(metadataOf(listed), route.method, status);
  if (response === undefined) throw new Error(`The route ${listed.name} does not answer ${status}.`);
  if (isAppRouteNoBody(response)) return { description: "Nothing follows.", headers };
  if (isAppRouteOtherResponse(response)) {
    const isText = response.contentType.startsWith("text/");
    const schema = { type: "string" as const, ...(isText ? {} : { format: "binary" }) };
    return { description: "The content.", headers, content: { [response.contentType]: { schema } } };
  }
  if (!isSchema(response)) throw new Error(`The route ${listed.name} answers ${status} without a schema.`);
  const schema = printer.print(response, "output");
  const isError = status >= 400 && listed.name !== "serviceHealth";
  const example = isError ? errorExamples[status] : exampleOf(listed.name, status);
  const description = isError
    ? codesOf(status)
        .map((code) => `\`${code}\``)
        .join(", ")
    : "Done.";
  const { alternative } = metadataOf(listed);
  const other = !isError && alternative ? { [alternative]: { schema: { type: "string" as const } } } : {};
  return {
    description: description || "Refused.",
    headers,
    content: { "application/json": { schema, ...(example === undefined ? {} : { example }) }, ...other },
  };
}

/** A job's end, told to `callbackUrl`. */
const callbackOf = (printer: SchemaPrinter): OperationObject => ({
  summary: "Told once when the job ends",
  description:
    "Signed as Standard Webhooks has it (`webhook-id`, `webhook-timestamp`, `webhook-signature`). The secret is `whsec_` and the base64 of HKDF-SHA256 of the API secret with the info `webhooks/v1`; `webhookSecretOf` of the SDK gives it. Repeated with the same `webhook-id` until answered with 2xx, over 24 hours.",
  // The other way round: nothing of ours is asked for.
  security: [],
  requestBody: { content: { "application/json": { schema: printer.print(callbackBody, "output") } } },
  responses: { "2XX": { description: "Received." } },
});

/** What the route says of itself, and what a caller must be allowed to do. */
function describe(words: string | undefined, scope: Scope | undefined): { readonly description?: string } {
  const needed = scope && `Needs the scope \`${scope}\`.`;
  const description = [words, needed].filter(Boolean).join(" ");
  return description ? { description } : {};
}

/** One route as an OpenAPI operation. */
export function toOperation(listed: ListedRoute, printer: SchemaPrinter): OperationObject {
  const { name, route } = listed;
  const { access, tag, scope } = metadataOf(listed);
  const requestBody = requestBodyOf(route, printer);
  const statuses = Object.keys(route.responses)
    .map(Number)
    .sort((left, right) => left - right);
  const hasCallback = "body" in route && fieldsOf(route.body).some(([field]) => field === "callbackUrl");
  return {
    operationId: name,
    tags: [tag],
    summary: route.summary ?? name,
    ...describe(route.description, scope),
    security: securityOf[access],
    parameters: parametersOf(route, printer),
    ...(requestBody && { requestBody }),
    responses: Object.fromEntries(statuses.map((status) => [status, responseOf(listed, status, printer)])),
    ...(hasCallback && { callbacks: { jobEnded: { "{$request.body#/callbackUrl}": { post: callbackOf(printer) } } } }),
  };
}
