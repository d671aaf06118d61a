import type { Operation } from "../document/operations.ts";
import { isRecord, type Json } from "../document/schema.ts";

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

type Groups = Readonly<Record<string, string>>;

/** What was found in answers, newest last, by where it can be used. */
export interface Shelves {
  learn(noun: string, answer: unknown): void;
  forget(values: readonly string[]): void;
  byName(name: string): readonly string[];
  byNoun(noun: string): readonly string[];
  byTemplate(path: string): readonly Groups[];
  linksOf(operationId: string): readonly string[];
}

export function createShelves(operations: readonly Operation[], origin: string): Shelves {
  const byName = new Map<string, string[]>();
  const byNoun = new Map<string, string[]>();
  const byTemplate = new Map<string, Groups[]>();
  const links = new Map<string, string[]>();
  const templates = operations.map((operation) => ({ operation, pattern: toPattern(operation.path) }));

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

  function learnFile({ id, type }: Json): void {
    if (typeof id !== "string" || typeof type !== "string" || !/^(audio|image)\//.test(type)) return;
    keep(byNoun, type.startsWith("audio/") ? "sounds" : "pictures", id);
  }

  function learnText(noun: string, text: string, name: string): void {
    if (text === "") return;
    if (name === "id") for (const each of [noun, ...(ALSO[noun] ?? [])]) keep(byNoun, each, text);
    if (/^(jobId|job_id|taskId|retryOf)$/.test(name)) keep(byNoun, "jobs", text);
    const taken = TAKEN_AS[name];
    if (taken !== undefined) keep(byName, taken, text);
    learnAddress(text);
  }

  function learn(noun: string, value: unknown, name = ""): void {
    if (Array.isArray(value)) for (const item of value.slice(0, 5)) learn(noun, item, name);
    if (isRecord(value)) {
      learnFile(value);
      for (const [key, inner] of Object.entries(value)) learn(noun, inner, key);
    }
    if (typeof value === "string") learnText(noun, value, name);
  }

  return {
    learn,
    forget(values) {
      for (const kept of byNoun.values()) remove(kept, (value) => values.includes(value));
      for (const kept of byTemplate.values())
        remove(kept, (groups) => values.includes(Object.values(groups).at(-1) ?? ""));
    },
    byName: (name) => byName.get(name) ?? [],
    byNoun: (noun) => byNoun.get(noun) ?? [],
    byTemplate: (path) => byTemplate.get(path) ?? [],
    linksOf: (id) => links.get(id) ?? [],
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

function toPattern(path: string): RegExp {
  const source = path
    .split(/\{([^}]+)\}/)
    .map((part, index) => (index % 2 ? `(?<${part}>[^/]+)` : part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")));
  return new RegExp(`^${source.join("")}$`);
}
