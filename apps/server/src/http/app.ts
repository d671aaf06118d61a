import { productContract, v1Contract } from "@comfy/contracts";
import type { AppRouter } from "@ts-rest/core";
import { createExpressEndpoints, type TsRestExpressOptions } from "@ts-rest/express";
import express, { type Express, type RequestHandler } from "express";
import type { AppDeps } from "./deps.ts";
import { createErrorHandler } from "./error-handler.ts";
import { createArrival } from "./middleware/arrival.ts";
import { createCors } from "./middleware/cors.ts";
import { createGuard } from "./middleware/guard.ts";
import { createParsedBody } from "./middleware/parsed-body.ts";
import { createReplays } from "./middleware/replays.ts";
import { createSecurityHeaders } from "./middleware/security-headers.ts";
import { createUnknownRoute } from "./middleware/unknown-route.ts";
import { parseQuery } from "./query.ts";
import { createDocsRouter, DOCS_PATHS } from "./routes/docs.ts";
import { createProductRoutes } from "./routes/product/index.ts";
import { createV1Routes } from "./routes/v1/index.ts";

export type { AppDeps, HttpDeps, HttpFlags, Verbs } from "./deps.ts";

/** How every contract is served: behind the same gates. */
function toOptions<Contract extends AppRouter>(gates: readonly RequestHandler[]): TsRestExpressOptions<Contract> {
  return {
    // The requests of all routes at once are more than the compiler can relate to express's own type; the gates only read that.
    globalMiddleware: gates as unknown as NonNullable<TsRestExpressOptions<Contract>["globalMiddleware"]>,
    // Nothing leaves that the contract does not name.
    responseValidation: true,
    requestValidationErrorHandler: (error, _req, _res, next) => next(error),
  };
}

/** The front door: what every request walks through, in this order. */
export function createApp(deps: AppDeps): Express {
  const app = express();
  app.set("case sensitive routing", true);
  app.set("query parser", parseQuery);
  app.set("trust proxy", deps.flags.proxyHops);
  app.set("etag", false);
  app.disable("x-powered-by");

  app.use(createArrival(deps), createSecurityHeaders(), createCors(deps.flags.corsOrigins));
  const replays = createReplays(deps);
  const gates = [createGuard({ ...deps, replays }), createParsedBody()];
  createExpressEndpoints(productContract, createProductRoutes(deps), app, toOptions(gates));
  createExpressEndpoints(v1Contract, createV1Routes(deps), app, toOptions(gates));
  app.use(createDocsRouter(deps));
  app.use(createUnknownRoute({ product: productContract, v1: v1Contract }, DOCS_PATHS));
  app.use(replays.charge);
  app.use(createErrorHandler(deps));
  return app;
}
