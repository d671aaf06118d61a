import type { RouteMetadata } from "../access.ts";
import { c } from "../contract.ts";
import { health, ping } from "../health.ts";

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
