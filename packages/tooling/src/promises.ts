import { readFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { type Outcome, root } from "./run-command.ts";

/** The page whose every promise names the test that holds it. */
const PAGE = "docs/operations/reliability.md";

/** `[title of a test](../../apps/server/test/x.test.ts)` in a table. */
const LINK = /\[([^\]]+)\]\(([^)\s]+\.(?:test|suite)\.ts)\)/g;

const withoutEscapes = (text: string) => text.replace(/\\(["'`])/g, "$1");

/** Rows of promises without a test, and links to tests that do not exist under that title. */
export async function checkPromises(folder = root): Promise<Outcome> {
  const page = await readFile(join(folder, PAGE), "utf8");
  const rows = page.split("\n").filter((line) => /^\| (?!---|promise)/i.test(line));
  const wrong: string[] = rows.length === 0 ? [`${PAGE} promises nothing.\n`] : [];
  for (const row of rows) {
    const links = [...row.matchAll(LINK)];
    if (links.length === 0) wrong.push(`${PAGE} names no test for: ${row}\n`);
    for (const [, title = "", path = ""] of links) {
      const file = join(folder, dirname(PAGE), path);
      const text = await readFile(file, "utf8").catch(() => undefined);
      const place = relative(folder, file);
      if (text === undefined) wrong.push(`${PAGE} names the test file ${place}, which does not exist.\n`);
      else if (!withoutEscapes(text).includes(title))
        wrong.push(`${place} has no test "${title}", which ${PAGE} names.\n`);
    }
  }
  return { ok: wrong.length === 0, output: wrong.join("") };
}
