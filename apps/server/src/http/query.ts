import { parse } from "node:querystring";

const PAIR = /^metadata\[([\w.-]+)\]$/;

/**
 * A query as a flat record, in which `metadata[name]=text` becomes `{ metadata: { name: "text" } }`. Only that one nests: libraries that nest
 * everything let a stranger choose shapes nobody thought of. Two values of one name become a list, which no schema of ours takes.
 */
export function parseQuery(text: string): Record<string, unknown> {
  const query: Record<string, unknown> = { __proto__: null };
  const metadata: Record<string, unknown> = { __proto__: null };
  for (const [name, value] of Object.entries(parse(text))) {
    const [, key] = PAIR.exec(name) ?? [];
    if (key === undefined || key === "__proto__") query[name] = value;
    else metadata[key] = value;
  }
  if (Object.keys(metadata).length > 0 && !("metadata" in query)) query.metadata = metadata;
  return query;
}
