import { c } from "../contract.ts";
import { v1AdminRoutes } from "./admin.ts";
import { v1AssetRoutes } from "./assets.ts";
import { v1AuthRoutes } from "./auth.ts";
import { v1BatchRoutes } from "./batches.ts";
import { v1GenerateRoute } from "./generate.ts";
import { v1JobRoutes } from "./jobs.ts";
import { adminKeyRoutes, v1KeyRoutes } from "./keys.ts";
import { v1UploadRoutes } from "./uploads.ts";
import { adminUsageRoutes, v1UsageRoutes } from "./usage.ts";
import { v1WebhookRoutes } from "./webhooks.ts";

/** The platform surface. Fields it does not know are refused. */
export const v1Contract = c.router({
  jobs: v1JobRoutes,
  generate: v1GenerateRoute,
  batches: v1BatchRoutes,
  uploads: v1UploadRoutes,
  assets: v1AssetRoutes,
  webhooks: v1WebhookRoutes,
  auth: { ...v1AuthRoutes, keys: v1KeyRoutes },
  usage: v1UsageRoutes,
  admin: { ...v1AdminRoutes, ...adminUsageRoutes, ...adminKeyRoutes },
});
