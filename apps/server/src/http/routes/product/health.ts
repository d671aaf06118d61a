import type { AppDeps } from "../../deps.ts";

export function createHealthRoutes({ verbs }: AppDeps) {
  return {
    async health() {
      const body = await verbs.readHealth();
      return { status: body.status === "unhealthy" ? (503 as const) : (200 as const), body };
    },
    async ping() {
      return { status: 200 as const, body: await verbs.ping() };
    },
  };
}
