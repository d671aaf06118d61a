import type { AppDeps } from "../../deps.ts";
import { createAdminBackendRoutes } from "./admin-backends.ts";
import { createAdminOverviewRoutes } from "./admin-overview.ts";
import { createAdminUserRoutes } from "./admin-users.ts";
import { createAssetRoutes } from "./assets.ts";
import { createAuthRoutes } from "./auth.ts";
import { createBatchRoutes } from "./batches.ts";
import { createGenerateRoute } from "./generate.ts";
import { createV1JobRoutes } from "./jobs.ts";
import { createAdminKeyRoutes, createKeyRoutes } from "./keys.ts";
import { createUploadRoutes } from "./uploads.ts";
import { createAdminUsageRoutes, createUsageRoutes } from "./usage.ts";
import { createWebhookRoutes } from "./webhooks.ts";

/** Every route of the platform contract. */
export function createV1Routes(deps: AppDeps) {
  return {
    jobs: createV1JobRoutes(deps),
    generate: createGenerateRoute(deps),
    batches: createBatchRoutes(deps),
    uploads: createUploadRoutes(deps),
    assets: createAssetRoutes(deps),
    webhooks: createWebhookRoutes(deps),
    usage: createUsageRoutes(deps),
    auth: { ...createAuthRoutes(deps), keys: createKeyRoutes(deps) },
    admin: {
      ...createAdminBackendRoutes(deps),
      ...createAdminUsageRoutes(deps),
      ...createAdminUserRoutes(deps),
      ...createAdminKeyRoutes(deps),
      ...createAdminOverviewRoutes(deps),
    },
  };
}
