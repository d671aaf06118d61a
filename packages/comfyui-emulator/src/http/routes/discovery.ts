import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { joinInside } from "../../files/folders.ts";
import { MODEL_FOLDERS, type ModelShelf } from "../../files/models.ts";
import type { Catalogue } from "../../graph/catalogue.ts";
import { parsePythonJson } from "../../python/parse-json.ts";
import { isPythonObject } from "../../python/values.ts";
import { type Answer, empty, json } from "../answer.ts";
import type { Route } from "../router.ts";

export interface DiscoveryParts {
  readonly catalogue: Catalogue;
  readonly shelf: ModelShelf;
  readonly modelsDirectory: string;
  readonly features: () => unknown;
  readonly systemStats: () => unknown;
  readonly isNewer: boolean;
}

/** What newer servers say about every class besides. */
const NEWER_FACTS = { is_input_list: false, has_intermediate_output: false, search_aliases: [] };

/** Longer safetensors headers are not read. */
const HEADER_BYTES_MAX = 1024 * 1024;

export function discoveryRoutes(parts: DiscoveryParts): readonly Route[] {
  const { catalogue, shelf, isNewer } = parts;
  const entryOf = (classType: string): unknown => {
    const entry = catalogue.info(classType)?.entry;
    return entry === undefined || !isNewer ? entry : { ...entry, ...NEWER_FACTS };
  };
  return [
    {
      method: "GET",
      path: "/object_info",
      handle: () => json(new Map(catalogue.classTypes().map((classType) => [classType, entryOf(classType)]))),
    },
    {
      method: "GET",
      path: "/object_info/{class}",
      handle: ({ params: { class: classType = "" } }) => json(new Map([[classType, entryOf(classType)]])),
    },
    { method: "GET", path: "/models", handle: () => json(MODEL_FOLDERS) },
    {
      method: "GET",
      path: "/models/{folder}",
      handle: ({ params: { folder = "" } }) => {
        const names = shelf.list(folder);
        return names === undefined ? empty(404) : json(names);
      },
    },
    {
      method: "GET",
      path: "/embeddings",
      handle: () => json((shelf.list("embeddings") ?? []).map((name) => name.replace(/\.[^.]*$/, ""))),
    },
    { method: "GET", path: "/extensions", handle: () => json(["/extensions/core/simulated.js"]) },
    { method: "GET", path: "/features", handle: () => json(parts.features()) },
    { method: "GET", path: "/system_stats", handle: () => json(parts.systemStats()) },
    {
      method: "GET",
      path: "/view_metadata/{folder}",
      handle: ({ params: { folder = "" }, query }) =>
        readMetadata(parts.modelsDirectory, folder, query.get("filename") ?? ""),
    },
  ];
}

/** The `__metadata__` of a safetensors file: a little-endian length, then JSON. */
async function readMetadata(models: string, folder: string, filename: string): Promise<Answer> {
  if (!filename.endsWith(".safetensors")) return empty(404);
  const path = MODEL_FOLDERS.includes(folder) ? joinInside(join(models, folder), filename) : undefined;
  const bytes = path === undefined ? undefined : await readFile(path).catch(() => undefined);
  if (bytes === undefined || bytes.length < 8) return empty(404);
  const length = bytes.readBigUInt64LE(0);
  if (length > HEADER_BYTES_MAX) return empty(404);
  const header = parsePythonJson(bytes.toString("utf8", 8, 8 + Number(length)));
  const metadata = isPythonObject(header) ? header.__metadata__ : undefined;
  return metadata === undefined ? empty(404) : json(metadata);
}
