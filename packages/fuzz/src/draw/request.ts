import type { Operation, Parameter } from "../document/operations.ts";
import { isRecord, resolve } from "../document/schema.ts";
import { type CraftedBody, craftBody } from "./craft-body.ts";
import type { Intent } from "./intent.ts";
import { drawGarbage, pickOdd, spoil } from "./spoil.ts";
import { type DrawDeps, drawValue } from "./value.ts";

/** A request before anybody has signed it. */
export interface DrawnRequest {
  readonly operation: Operation;
  readonly intent: Intent;
  /** Values in its path that earlier answers told. */
  readonly remembered: readonly string[];
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** The body before it became bytes, when it was JSON. */
  readonly value?: unknown;
}

/** Draws a request for an operation, from the document and from what earlier answers told. */
export function drawRequest(operation: Operation, intent: Intent, deps: DrawDeps): DrawnRequest {
  const { random } = deps;
  const spoiledPart = intent === "spoiled" ? random.pick(spoilable(operation)) : undefined;
  const body = drawBody(operation, intent, spoiledPart === "body", deps);
  const link = operation.isLink && intent === "valid" ? deps.memory.recallLink(operation, random) : undefined;
  const known = deps.memory.recallPath(operation, random) ?? {};
  const target = link ?? drawTarget(operation, spoiledPart, known, deps);
  return {
    remembered: Object.values(known),
    operation,
    intent,
    method: operation.method,
    target: isLinkSpoiled(operation, intent) ? spoilText(target, deps) : target,
    headers: { ...drawHeaders(operation, spoiledPart, deps), ...body?.headers },
    ...(body && { body: body.bytes }),
    ...(body?.value !== undefined && { value: body.value }),
  };
}

const isLinkSpoiled = ({ isLink }: Operation, intent: Intent) => isLink && intent !== "valid";

/** Which parts of a request can be wrong. */
function spoilable({ parameters, body }: Operation): readonly string[] {
  const parts = parameters.map(({ name }) => name);
  return body ? [...parts, "body", "body"] : [...parts, "query"];
}

function drawTarget(
  operation: Operation,
  spoiledPart: string | undefined,
  known: Readonly<Record<string, string>>,
  deps: DrawDeps,
): string {
  const { random } = deps;
  const path = operation.path.replace(/\{([^}]+)\}/g, (_, name: string) => {
    // Nothing at all would be another path.
    if (spoiledPart === name) return encodeURIComponent(toText(pickOdd(random)) || " ");
    const parameter = operation.parameters.find((each) => each.name === name);
    return encodeURIComponent(known[name] ?? toText(drawValue(parameter?.schema ?? {}, deps, name)));
  });
  const query = new URLSearchParams();
  for (const parameter of operation.parameters.filter((each) => each.in === "query")) {
    if (!parameter.isRequired && parameter.name !== spoiledPart && !random.chance(0.2)) continue;
    query.set(parameter.name, toQueryText(parameter, spoiledPart, deps));
  }
  if (spoiledPart === "query") query.set(toText(pickOdd(random)).slice(0, 40), "1");
  const text = query.toString();
  return text === "" ? path : `${path}?${text}`;
}

function toQueryText(parameter: Parameter, spoiledPart: string | undefined, deps: DrawDeps): string {
  if (parameter.name === spoiledPart) return toText(pickOdd(deps.random)).slice(0, 2_000);
  // Waiting is the one thing that costs time: what is asked for here is a moment.
  if (parameter.name === "wait") return deps.random.pick(["0", "0", "1"]);
  return toText(drawValue(parameter.schema, deps, parameter.name));
}

function drawHeaders(operation: Operation, spoiledPart: string | undefined, deps: DrawDeps): Record<string, string> {
  const { random } = deps;
  const drawn = operation.parameters
    .filter((each) => each.in === "header" && (each.isRequired || each.name === spoiledPart || random.chance(0.15)))
    .map(({ name, schema }) => [name.toLowerCase(), toHeaderText(name === spoiledPart, schema, name, deps)]);
  return Object.fromEntries(drawn);
}

function toHeaderText(isSpoiled: boolean, schema: Parameter["schema"], name: string, deps: DrawDeps): string {
  const text = toText(isSpoiled ? pickOdd(deps.random) : drawValue(schema, deps, name));
  // What else cannot be sent at all.
  return text.replace(/[^\t\x20-\x7e\x80-\xff]/g, "?").slice(0, 4_000);
}

function drawBody(operation: Operation, intent: Intent, isSpoiled: boolean, deps: DrawDeps): CraftedBody | undefined {
  const { random, memory, document } = deps;
  const { body } = operation;
  if (!body) return undefined;
  if (intent === "garbage" && body.mediaType === "application/json") return toJsonBody(drawGarbage(random), undefined);
  if (body.mediaType !== "application/json") return craftBody(body, intent, deps);
  const drawn = drawValue(body.schema, deps);
  const { required = [] } = resolve(document, body.schema);
  // Some values belong together: a password and its user.
  const earlier = random.chance(0.5) ? memory.recallBody(required, random) : undefined;
  const kept = earlier && Object.fromEntries(required.map((name) => [name, earlier[name]]));
  const value = kept && isRecord(drawn) ? { ...drawn, ...kept } : drawn;
  const sent = isSpoiled ? spoil(value, random) : value;
  return toJsonBody(JSON.stringify(sent), sent);
}

function toJsonBody(text: string, value: unknown): CraftedBody {
  return { bytes: Buffer.from(text), headers: { "content-type": "application/json" }, value };
}

function toText(value: unknown): string {
  return typeof value === "string" ? value.toWellFormed() : JSON.stringify(value);
}

function spoilText(target: string, { random }: DrawDeps): string {
  const at = random.integer(1, Math.max(1, target.length - 1));
  return target.slice(0, at) + random.pick(["0", "x", "&", "=", "%00"]) + target.slice(at + 1);
}
