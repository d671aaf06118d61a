import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { parsePythonJson } from "../../python/parse-json.ts";
import { toPythonJson } from "../../python/print-json.ts";
import { isPythonObject, type PythonObject } from "../../python/values.ts";
import { empty, json } from "../answer.ts";
import { readJson, readJsonObject } from "../request.ts";
import type { Route } from "../router.ts";

/** Users (one, without a name) and the settings of the front-end. */
export function settingsRoutes(userDirectory: string): readonly Route[] {
  const path = join(userDirectory, "default", "comfy.settings.json");

  async function read(): Promise<PythonObject> {
    const text = await readFile(path, "utf8").catch(() => "{}");
    const settings = parsePythonJson(text);
    return isPythonObject(settings) ? settings : {};
  }

  async function write(settings: PythonObject): Promise<void> {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, toPythonJson(settings));
  }

  return [
    { method: "GET", path: "/users", handle: () => json({ storage: "server", migrated: true }) },
    { method: "GET", path: "/settings", handle: async () => json(await read()) },
    {
      method: "GET",
      path: "/settings/{id}",
      handle: async ({ params: { id = "" } }) => json((await read())[id] ?? null),
    },
    {
      method: "POST",
      path: "/settings",
      handle: async (request) => {
        await write({ ...(await read()), ...(await readJsonObject(request)) });
        return empty();
      },
    },
    {
      method: "POST",
      path: "/settings/{id}",
      handle: async (request) => {
        const { id = "" } = request.params;
        await write({ ...(await read()), [id]: await readJson(request) });
        return empty();
      },
    },
  ];
}
