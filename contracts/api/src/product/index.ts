import { initContract } from "@ts-rest/core";
import { generationRoutes } from "./generation.ts";
import { healthRoutes } from "./health.ts";
import { jobRoutes } from "./jobs.ts";
import { outputRoutes } from "./outputs.ts";

const c = initContract();

/** The product surface: the wire of the first consumer, frozen, with additions that a client may ignore. */
export const productContract = c.router({
  ...generationRoutes,
  jobs: jobRoutes,
  outputs: outputRoutes,
  service: healthRoutes,
});
