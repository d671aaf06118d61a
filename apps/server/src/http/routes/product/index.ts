import type { AppDeps } from "../../deps.ts";
import { createGenerationRoutes } from "./generation.ts";
import { createHealthRoutes } from "./health.ts";
import { createJobRoutes } from "./jobs.ts";
import { createContentRoute } from "./outputs.ts";
import { createUploadRoute } from "./upload.ts";

/** Every route of the product contract. */
export function createProductRoutes(deps: AppDeps) {
  return {
    ...createGenerationRoutes(deps),
    jobs: createJobRoutes(deps),
    outputs: { content: createContentRoute(deps), upload: createUploadRoute(deps) },
    service: createHealthRoutes(deps),
  };
}
