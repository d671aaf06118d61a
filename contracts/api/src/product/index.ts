import { c } from "../contract.ts";
import { generationRoutes } from "./generation.ts";
import { healthRoutes } from "./health.ts";
import { jobRoutes } from "./jobs.ts";
import { outputRoutes } from "./outputs.ts";

/** The product surface: the wire of the first consumer, frozen, with additions that a client may ignore. */
export const productContract = c.router({
  ...generationRoutes,
  jobs: jobRoutes,
  outputs: outputRoutes,
  service: healthRoutes,
});
