import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Outcome, root } from "./run-command.ts";

const CODE = /\.(ts|tsx|mts|cts|mjs|cjs|js)$/;
const TEST = /(\.test(-d)?\.tsx?$|(^|\/)(test|conformance)\/)/;
/** Not written by hand, or not ours. */
const SKIPPED = new Set([
  "node_modules",
  "dist",
  "fixtures",
  "generated",
  "coverage",
  "out",
  ".turbo",
  ".comfy",
  ".git",
  ".next",
]);
/** A folder or file of such a name is where things without a home gather. */
const EMPTY_NAME = /(^|\/)(?:[^/.]*-)?(utils?|helpers?|managers?|common|shared|misc|services?)(?=[./]|$)/;
/** The word of the wire: the hand-written clients call a function of this name. */
const NAMED_BY_THE_WIRE = new Set(["packages/client/src/call-service.ts"]);
const LINES_MAX = 250;

/** Every file below a folder, as paths relative to it, with `/` between the parts. */
async function listFiles(folder: string, prefix = ""): Promise<string[]> {
  const entries = await readdir(join(folder, prefix), { withFileTypes: true });
  const lists = entries
    .filter(({ name }) => !SKIPPED.has(name))
    .map(async (entry) => {
      const path = prefix ? `${prefix}/${entry.name}` : entry.name;
      return entry.isDirectory() ? listFiles(folder, path) : [path];
    });
  return (await Promise.all(lists)).flat();
}

/** The workspace a file belongs to: `apps/server`, `workflows`. */
const workspaceOf = (path: string) => /^(?:workflows|[^/]+\/[^/]+)/.exec(path)?.[0] ?? "";

/** What a single file does wrong, as sentences. */
function judgeFile(path: string, text: string): string[] {
  const wrong: string[] = [];
  const lines = text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
  if (lines > LINES_MAX)
    wrong.push(`${path} has ${lines} lines; a file has at most ${LINES_MAX}: find the second noun in it.`);
  const empty = EMPTY_NAME.exec(path);
  // A test may stand in for a service of the world outside.
  if (empty && !TEST.test(path) && !NAMED_BY_THE_WIRE.has(path))
    wrong.push(`${path}: "${empty[2]}" says nothing; name it after what it is about.`);
  if (/@ts-(ignore|nocheck)|\b(TODO|FIXME|XXX)\b/.test(text) && !path.startsWith("packages/tooling/"))
    wrong.push(`${path} holds a note to come back (TODO, FIXME, @ts-ignore): do it, or write why not.`);
  if (/import\.meta\.url\)\.pathname/.test(text))
    wrong.push(`${path} takes the pathname of a URL for a path, which a space in it breaks: use fileURLToPath.`);
  return wrong;
}

/** The environment is read in one file per workspace, so that one file lists what can be set. */
function judgeEnvironment(readers: readonly string[]): string[] {
  const byWorkspace = Map.groupBy(readers, workspaceOf);
  return [...byWorkspace]
    .filter(([workspace, files]) => workspace !== "packages/tooling" && files.length > 1)
    .map(([workspace, files]) => `${workspace} reads the environment in ${files.length} files: ${files.join(", ")}.`);
}

const READS_ENVIRONMENT = /\bprocess\.env\b|\{[^}]*\benv\b[^}]*\} from "node:process"/;

/** Length, names, notes and the environment, of all code of the checkout. */
export async function checkHouseRules(folder = root): Promise<Outcome> {
  const paths = (await listFiles(folder)).filter((path) => CODE.test(path));
  const wrong: string[] = [];
  const readers: string[] = [];
  for (const path of paths) {
    const text = await readFile(join(folder, path), "utf8");
    wrong.push(...judgeFile(path, text));
    if (!TEST.test(path) && READS_ENVIRONMENT.test(text)) readers.push(path);
  }
  wrong.push(...judgeEnvironment(readers));
  return { ok: wrong.length === 0, output: wrong.map((line) => `${line}\n`).join("") };
}
