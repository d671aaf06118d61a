import type { AppDeps } from "../../deps.ts";

interface Call {
  readonly params: { readonly id: string };
}

/** What operators do with backends. */
export function createAdminBackendRoutes({ verbs }: AppDeps) {
  return {
    async backends() {
      return { status: 200 as const, body: { backends: [...(await verbs.listBackends())] } };
    },
    async drainBackend({ params }: Call) {
      return { status: 200 as const, body: await verbs.setBackendDrained(params.id, true) };
    },
    async resumeBackend({ params }: Call) {
      return { status: 200 as const, body: await verbs.setBackendDrained(params.id, false) };
    },
  };
}
