import { productContract } from "@comfy/contracts";
import { createExpressEndpoints, type TsRestExpressOptions } from "@ts-rest/express";
import express, { type Express } from "express";
import type { AppDeps } from "./deps.ts";
import { createErrorHandler } from "./error-handler.ts";
import { createArrival } from "./middleware/arrival.ts";
import { createCors } from "./middleware/cors.ts";
import { createGuard } from "./middleware/guard.ts";
import { createParsedBody } from "./middleware/parsed-body.ts";
import { createSecurityHeaders } from "./middleware/security-headers.ts";
import { createUnknownRoute } from "./middleware/unknown-route.ts";
import { createDocsRouter, DOCS_PATHS } from "./routes/docs.ts";
import { createProductRoutes } from "./routes/product/index.ts";

export type { AppDeps, HttpDeps, HttpFlags, Verbs } from "./deps.ts";

type Gates = NonNullable<TsRestExpressOptions<typeof productContract>["globalMiddleware"]>;

/** The front door: what every request walks through, in this order. */
export function createApp(deps: AppDeps): Express {
  const app = express();
  app.set("case sensitive routing", true);
  app.set("query parser", "simple");
  app.set("trust proxy", deps.flags.proxyHops);
  app.set("etag", false);
  app.disable("x-powered-by");

  app.use(createArrival(deps), createSecurityHeaders(), createCors(deps.flags.corsOrigins));
  createExpressEndpoints(productContract, createProductRoutes(deps), app, {
    // The requests of all routes at once are more than the compiler can relate to express's own type; both only read that.
    globalMiddleware: [createGuard(deps), createParsedBody()] as Gates,
    // Nothing leaves that the contract does not name.
    responseValidation: true,
    requestValidationErrorHandler: (error, _req, _res, next) => next(error),
  });
  app.use(createDocsRouter(deps));
  app.use(createUnknownRoute(productContract, DOCS_PATHS));
  app.use(createErrorHandler(deps));
  return app;
}
