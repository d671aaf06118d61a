import type { Request } from "express";
import type { AppDeps } from "../../deps.ts";
import { toOperator } from "../../visitor.ts";

interface Call {
  readonly req: Request;
  readonly params: { readonly id: string };
}

/** What operators do with backends. */
export function createAdminBackendRoutes({ verbs }: AppDeps) {
  async function setDrained({ req, params: { id } }: Call, isDrained: boolean) {
    const status = await verbs.setBackendDrained(id, isDrained);
    const { caller, ip, requestId } = toOperator(req);
    const action = isDrained ? "backend.drained" : "backend.resumed";
    await verbs.recordAudit({ actorId: caller.keyId, action, subject: `backend:${id}`, ip, requestId });
    return status;
  }

  return {
    async backends() {
      return { status: 200 as const, body: { backends: [...(await verbs.listBackends())] } };
    },
    async drainBackend(call: Call) {
      return { status: 200 as const, body: await setDrained(call, true) };
    },
    async resumeBackend(call: Call) {
      return { status: 200 as const, body: await setDrained(call, false) };
    },
  };
}
