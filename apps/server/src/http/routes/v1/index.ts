import type { AppDeps } from "../../deps.ts";
import { createAdminBackendRoutes } from "./admin-backends.ts";
import { createBatchRoutes } from "./batches.ts";
import { createGenerateRoute } from "./generate.ts";
import { createV1JobRoutes } from "./jobs.ts";
import { createAdminUsageRoutes, createUsageRoutes } from "./usage.ts";
import { createWebhookRoutes } from "./webhooks.ts";

/** Every route of the platform contract. */
export function createV1Routes(deps: AppDeps) {
  return {
    jobs: createV1JobRoutes(deps),
    generate: createGenerateRoute(deps),
    batches: createBatchRoutes(deps),
    webhooks: createWebhookRoutes(deps),
    usage: createUsageRoutes(deps),
    admin: { ...createAdminBackendRoutes(deps), ...createAdminUsageRoutes(deps) },
  };
}
