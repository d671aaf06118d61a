import type { Operation } from "../document/operations.ts";
import { isRecord, type Json, toRecord } from "../document/schema.ts";
import type { Random } from "../random.ts";

const KEPT_MAX = 40;
/** Other names under which operations hand out what others take. */
const ALSO: Readonly<Record<string, readonly string[]>> = {
  upload: ["assets"],
  generate: ["jobs"],
  fetch: ["assets"],
  complete: ["assets"],
};
/** Properties whose values other operations take under the same, or another, name. */
const TAKEN_AS: Readonly<Record<string, string>> = {
  nextCursor: "cursor",
  refreshToken: "refreshToken",
  jobId: "jobId",
};
/** Properties that take a file of ours. */
const MEDIA = /(^|_)(audio|image|video|portrait|voice|reference|asset)(_|$|Id|Url)/i;

/** What answers told one owner: ids, addresses, cursors. Without it no request but the first of each kind would find anything. */
export interface Memory {
  /** Learns from an answer in the 2xx, and from the request that got it. */
  learn(operation: Operation, request: { readonly body?: unknown }, answer: unknown): void;
  /** These values did not lead anywhere any more. */
  forget(values: readonly string[]): void;
  /** A value that was heard of under this property's name. */
  recall(name: string, random: Random): unknown;
  /** Values for the parameters in the path of an operation, as they belong together. */
  recallPath(operation: Operation, random: Random): Readonly<Record<string, string>> | undefined;
  /** An address that the service handed out for this operation. */
  recallLink(operation: Operation, random: Random): string | undefined;
  /** A body, of any operation, that holds all of these properties and was taken. */
  recallBody(names: readonly string[], random: Random): Json | undefined;
}

export function createMemory(
  operations: readonly Operation[],
  origin: string,
  hints: Readonly<Record<string, unknown>> = {},
): Memory {
  const byName = new Map<string, string[]>();
  const byResource = new Map<string, string[]>();
  const byTemplate = new Map<string, Readonly<Record<string, string>>[]>();
  const links = new Map<string, string[]>();
  const bodies: Json[] = [];
  const templates = operations.map((operation) => ({ operation, pattern: toPattern(operation.path) }));

  const recallFrom = <T>(items: readonly T[] | undefined, random: Random): T | undefined =>
    items && items.length > 0 ? random.pick(items) : undefined;

  function learnAddress(text: string): void {
    const target = text.startsWith(origin) ? text.slice(origin.length) : text;
    if (!target.startsWith("/")) return;
    const [path = ""] = target.split("?");
    for (const { operation, pattern } of templates) {
      const groups = pattern.exec(path)?.groups;
      if (!groups || Object.keys(groups).length === 0) continue;
      keep(byTemplate, operation.path, groups);
      if (operation.isLink) keep(links, operation.id, target);
    }
  }

  function learnValue(resource: string, value: unknown, name: string): void {
    if (Array.isArray(value)) for (const item of value.slice(0, 5)) learnValue(resource, item, name);
    if (isRecord(value)) for (const [key, inner] of Object.entries(value)) learnValue(resource, inner, key);
    if (typeof value !== "string" || value === "") return;
    if (name === "id") for (const noun of [resource, ...(ALSO[resource] ?? [])]) keep(byResource, noun, value);
    if (/^(jobId|job_id|taskId|retryOf)$/.test(name)) keep(byResource, "jobs", value);
    const taken = TAKEN_AS[name];
    if (taken !== undefined) keep(byName, taken, value);
    learnAddress(value);
  }

  return {
    learn(operation, { body }, answer) {
      if (isRecord(body)) {
        bodies.push(body);
        if (bodies.length > KEPT_MAX) bodies.shift();
      }
      learnValue(resourceOf(operation), answer, "");
    },
    forget(values) {
      for (const kept of byResource.values()) remove(kept, (value) => values.includes(value));
      for (const kept of byTemplate.values())
        remove(kept, (groups) => values.includes(Object.values(groups).at(-1) ?? ""));
    },
    recall(name, random) {
      if (Object.hasOwn(hints, name)) return hints[name];
      const known = byName.get(name) ?? (MEDIA.test(name) ? byResource.get("assets") : undefined);
      return recallFrom(known, random);
    },
    recallPath({ path }, random) {
      const whole = recallFrom(byTemplate.get(path) ?? byTemplate.get(toShorter(path)), random);
      // Two parameters in a row belong together: only an address tells which.
      if ((whole && random.chance(0.5)) || path.includes("}/{")) return whole;
      const names = [...path.matchAll(/([^/]+)\/\{([^}]+)\}/g)].map(([, noun = "", name = ""]) => ({ noun, name }));
      const found = names.flatMap(({ noun, name }) => {
        const value = recallFrom(byResource.get(noun), random);
        return value === undefined ? [] : [[name, value] as const];
      });
      return found.length === names.length && names.length > 0 ? Object.fromEntries(found) : whole;
    },
    recallLink: ({ id }, random) => recallFrom(links.get(id), random),
    recallBody: (names, random) =>
      recallFrom(
        bodies.filter((body) => names.length > 0 && names.every((name) => Object.hasOwn(body, name))),
        random,
      ),
  };
}

function keep<T>(map: Map<string, T[]>, name: string, value: T): void {
  const kept = map.get(name) ?? [];
  kept.push(value);
  if (kept.length > KEPT_MAX) kept.shift();
  map.set(name, kept);
}

function remove<T>(items: T[], isGone: (item: T) => boolean): void {
  const left = items.filter((item) => !isGone(item));
  items.splice(0, items.length, ...left);
}

/** The path up to its last parameter: `/jobs/{kind}/{id}` for `/jobs/{kind}/{id}/events`. */
const toShorter = (path: string): string => path.slice(0, path.lastIndexOf("}") + 1);

function toPattern(path: string): RegExp {
  const source = path
    .split(/\{([^}]+)\}/)
    .map((part, index) => (index % 2 ? `(?<${part}>[^/]+)` : part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")));
  return new RegExp(`^${source.join("")}$`);
}

/** The noun that an operation speaks of: `jobs` for `/api/v1/jobs`, `/api/v1/jobs/{id}` and `/api/v1/jobs/{id}/retry`. */
export function resourceOf({ method, path }: Pick<Operation, "method" | "path">): string {
  const steps = path.split("/").filter((step) => step !== "" && step !== "api" && step !== "v1");
  const isParameter = (step: string | undefined) => step?.startsWith("{") === true;
  const last = steps.at(-1);
  const isVerb = method !== "GET" && !isParameter(last) && isParameter(steps.at(-2));
  const nouns = isVerb ? steps.slice(0, -1) : steps;
  return nouns.findLast((step) => !isParameter(step)) ?? "";
}

export const readJson = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
};

export const propertiesOf = (value: unknown): readonly string[] => Object.keys(toRecord(value));
