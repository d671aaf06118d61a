import { type Answer, empty, text } from "./answer.ts";
import type { EmulatorRequest } from "./request.ts";

export type Handler = (request: EmulatorRequest) => Answer | Promise<Answer>;

export interface Route {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** `/history/{prompt_id}`; a last part `{name*}` takes the rest with its slashes. */
  readonly path: string;
  readonly handle: Handler;
  /** False for `/internal/…` and what is registered under `/api` itself: these have no `/api` twin. */
  readonly hasTwin?: boolean;
}

export interface Match {
  readonly handle: Handler;
  readonly params: Readonly<Record<string, string>>;
}

/** Finds the route for a request, or the answer for requests that have none. */
export function findRoute(routes: readonly Route[], method: string, path: string): Match | Answer {
  const matches = routes.flatMap((route) => {
    const params = matchPath(route, path);
    return params === undefined ? [] : [{ route, params }];
  });
  const wanted = method === "HEAD" ? "GET" : method;
  const match = matches.find(({ route }) => route.method === wanted);
  if (match !== undefined) return { handle: match.route.handle, params: match.params };
  // Whatever no route takes falls through to the front-end's folder, which is empty here.
  if (wanted === "GET") return { ...empty(404), isChunked: true };
  const allowed = new Set(["GET", "HEAD", ...matches.map(({ route }) => route.method)]);
  const refusal = text("405: Method Not Allowed", 405);
  return { ...refusal, headers: { ...refusal.headers, Allow: [...allowed].sort().join(",") } };
}

function matchPath(route: Route, path: string): Record<string, string> | undefined {
  const own = matchParts(route.path.split("/"), path.split("/"));
  if (own !== undefined || route.hasTwin === false || !path.startsWith("/api/")) return own;
  return matchParts(route.path.split("/"), path.slice("/api".length).split("/"));
}

function matchParts(pattern: readonly string[], parts: readonly string[]): Record<string, string> | undefined {
  const params: Record<string, string> = {};
  for (const [index, part] of pattern.entries()) {
    const name = /^\{(\w+)(\*?)\}$/.exec(part);
    const given = name?.[2] === "*" ? parts.slice(index).join("/") : parts[index];
    if (given === undefined) return undefined;
    if (name?.[1] !== undefined) params[name[1]] = decode(given);
    else if (part !== given) return undefined;
    if (name?.[2] === "*") return given === "" ? undefined : params;
  }
  return pattern.length === parts.length ? params : undefined;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
