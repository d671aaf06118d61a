import { type AppRoute, type AppRouter, isAppRoute } from "@ts-rest/core";
import type { RequestHandler } from "express";
import { AppError } from "../../errors.ts";

interface KnownPath {
  readonly pattern: RegExp;
  readonly method: string;
}

function listRoutes(contract: AppRouter): AppRoute[] {
  return Object.values(contract).flatMap((entry) => (isAppRoute(entry) ? [entry] : listRoutes(entry)));
}

/** The methods a path is known with; HEAD comes with GET. */
function methodsOf(path: string, known: readonly KnownPath[]): string[] {
  const methods = known.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method);
  return methods.includes("GET") ? [...methods, "HEAD"] : methods;
}

/** Stands behind all routes: a known path with another method is 405 and says which it takes, anything else is 404. */
export function createUnknownRoute(contract: AppRouter, pages: readonly string[]): RequestHandler {
  const known: KnownPath[] = [
    ...listRoutes(contract).map(({ method, path }) => ({
      method,
      pattern: new RegExp(`^${path.replaceAll(".", "\\.").replaceAll(/:\w+/g, "[^/]+")}/?$`),
    })),
    ...pages.map((path) => ({ method: "GET", pattern: new RegExp(`^${path.replaceAll(".", "\\.")}$`) })),
  ];
  return function refuse(req, res) {
    const methods = methodsOf(req.path, known);
    if (methods.length === 0)
      throw new AppError("not_found", "There is nothing at this path. The routes are listed at /docs.");
    res.setHeader("Allow", methods.join(", "));
    if (req.method === "OPTIONS") {
      res.status(204).end();
      return;
    }
    throw new AppError("method_not_allowed", `This path takes ${methods.join(" or ")}, not ${req.method}.`);
  };
}
