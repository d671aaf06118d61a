// Loaded into the service with `--import`, before anything of it: hands it source in which some pieces stand differently.
import { registerHooks } from "node:module";

interface LoadEdit {
  readonly url: string;
  readonly find: string;
  readonly replace: string;
}

const parameter = new URL(import.meta.url).searchParams.get("edits") ?? "";
const edits = JSON.parse(Buffer.from(parameter, "base64url").toString("utf8")) as readonly LoadEdit[];

function edit(source: string, { find, replace, url }: LoadEdit): string {
  const [before, after, ...more] = source.split(find);
  if (before === undefined || after === undefined || more.length > 0)
    throw new Error(`Expected this exactly once in ${url}: ${find}`);
  return before + replace + after;
}

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    const wanted = edits.filter((each) => each.url === url);
    if (wanted.length === 0 || loaded.source === undefined || loaded.source === null) return loaded;
    const source =
      typeof loaded.source === "string" ? loaded.source : Buffer.from(loaded.source as Uint8Array).toString();
    return { ...loaded, source: wanted.reduce(edit, source) };
  },
});
