import { initContract } from "@ts-rest/core";
import type { RouteMetadata } from "../access.ts";
import { health, ping } from "../health.ts";

const c = initContract();
const metadata: RouteMetadata = { access: "public", bucket: "none", tag: "Health" };

export const healthRoutes = c.router({
  health: {
    method: "GET",
    path: "/health",
    summary: "Can the service work?",
    responses: { 200: health, 503: health },
    metadata,
  },
  ping: { method: "GET", path: "/ping", summary: "Can the GPU be reached?", responses: { 200: ping }, metadata },
});
