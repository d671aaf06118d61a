import { type AppRoute, type AppRouter, isAppRoute } from "@ts-rest/core";
import { type Access, accessWords, type RouteMetadata } from "../src/access.ts";

/** One route of a contract and the name it is documented under. */
export interface ListedRoute {
  /** The route's keys in camel case: `portraitCreateAsync`, `jobsRead`. */
  readonly name: string;
  readonly route: AppRoute;
}

const capitalized = (word: string) => word.charAt(0).toUpperCase() + word.slice(1);

/** Every route of a contract, in the order it was written. */
export function listRoutes(contract: AppRouter, keys: readonly string[] = []): ListedRoute[] {
  return Object.entries(contract).flatMap(([key, entry]) => {
    const path = [...keys, key];
    if (!isAppRoute(entry)) return listRoutes(entry, path);
    const [first = "", ...rest] = path;
    return [{ name: first + rest.map(capitalized).join(""), route: entry }];
  });
}

const isAccess = (word: unknown): word is Access => accessWords.some((known) => known === word);

/** What a route says about access, limits and grouping. Throws when it says nothing: the server would refuse every call. */
export function metadataOf({ name, route }: ListedRoute): RouteMetadata {
  const metadata = route.metadata as Partial<RouteMetadata> | undefined;
  if (!isAccess(metadata?.access) || !metadata.bucket || !metadata.tag)
    throw new Error(`The route ${name} lacks metadata: expected access (${accessWords.join(", ")}), bucket and tag.`);
  const { access, bucket, tag, scope = access === "admin" ? "admin" : undefined, alternative } = metadata;
  return { access, bucket, tag, ...(scope && { scope }), ...(alternative && { alternative }) };
}
