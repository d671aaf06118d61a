import type { Operation } from "../document/operations.ts";
import { isRecord, type Json } from "../document/schema.ts";
import type { Random } from "../random.ts";
import { createShelves } from "./shelves.ts";

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

/** Properties that take a file of ours, and those of them that take sound. */
const MEDIA = /(^|_)(audio|image|video|portrait|voice|reference|asset)(_|$|Id|Url)/i;
const SOUND = /audio|voice/i;
const BODIES_MAX = 40;

export function createMemory(
  operations: readonly Operation[],
  origin: string,
  hints: Readonly<Record<string, unknown>> = {},
): Memory {
  const shelves = createShelves(operations, origin);
  const bodies: Json[] = [];
  return {
    learn(operation, { body }, answer) {
      if (isRecord(body)) {
        bodies.push(body);
        if (bodies.length > BODIES_MAX) bodies.shift();
      }
      shelves.learn(resourceOf(operation), answer);
    },
    forget: shelves.forget,
    recall(name, random) {
      if (Object.hasOwn(hints, name)) return hints[name];
      const known = shelves.byName(name);
      if (known.length > 0 || !MEDIA.test(name)) return pickFrom(known, random);
      return pickFrom(shelves.byNoun(SOUND.test(name) ? "sounds" : "pictures"), random);
    },
    recallPath({ path }, random) {
      const known = shelves.byTemplate(path);
      const whole = pickFrom(known.length > 0 ? known : shelves.byTemplate(toShorter(path)), random);
      // Two parameters in a row belong together: only an address tells which.
      if ((whole && random.chance(0.5)) || path.includes("}/{")) return whole;
      const names = [...path.matchAll(/([^/]+)\/\{([^}]+)\}/g)].map(([, noun = "", name = ""]) => ({ noun, name }));
      const found = names.flatMap(({ noun, name }) => {
        const value = pickFrom(shelves.byNoun(noun), random);
        return value === undefined ? [] : [[name, value] as const];
      });
      return found.length === names.length && names.length > 0 ? Object.fromEntries(found) : whole;
    },
    recallLink: ({ id }, random) => pickFrom(shelves.linksOf(id), random),
    recallBody: (names, random) =>
      pickFrom(
        bodies.filter((body) => names.length > 0 && names.every((name) => Object.hasOwn(body, name))),
        random,
      ),
  };
}

const pickFrom = <T>(items: readonly T[], random: Random): T | undefined =>
  items.length > 0 ? random.pick(items) : undefined;

/** The path up to its last parameter: `/jobs/{kind}/{id}` for `/jobs/{kind}/{id}/events`. */
const toShorter = (path: string): string => path.slice(0, path.lastIndexOf("}") + 1);

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
