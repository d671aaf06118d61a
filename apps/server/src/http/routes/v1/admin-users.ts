import type { adminUserCreate, adminUserPatch, adminUserQuery } from "@comfy/contracts";
import type { Request } from "express";
import type * as z from "zod";
import type { AppDeps } from "../../deps.ts";
import { toOperator } from "../../visitor.ts";
import { presentAdminUser } from "./present-user.ts";

interface Call {
  readonly req: Request;
}
interface OneCall extends Call {
  readonly params: { readonly id: string };
}

const LIMIT = 20;

/** What operators do with users. */
export function createAdminUserRoutes({ verbs }: AppDeps) {
  return {
    async users({ query }: { readonly query: z.output<typeof adminUserQuery> }) {
      const { disabled, limit = LIMIT, search, role, tier, cursor } = query;
      const { users, nextCursor } = await verbs.listUsers({
        limit,
        ...(search !== undefined && { search }),
        ...(role !== undefined && { role }),
        ...(tier !== undefined && { tier }),
        ...(disabled !== undefined && { isDisabled: disabled === "true" }),
        ...(cursor !== undefined && { cursor }),
      });
      const next = nextCursor !== undefined && { nextCursor };
      return { status: 200 as const, body: { users: users.map(presentAdminUser), ...next } };
    },
    async createUser({ req, body }: Call & { readonly body: z.infer<typeof adminUserCreate> }) {
      const { email, password, name, role, tier } = body;
      const wish = {
        ...{ email, password },
        ...(name !== undefined && { name }),
        ...(role !== undefined && { role }),
        ...(tier !== undefined && { tier }),
      };
      return { status: 201 as const, body: presentAdminUser(await verbs.createUser(wish, toOperator(req))) };
    },
    async readUser({ params }: OneCall) {
      return { status: 200 as const, body: presentAdminUser(await verbs.readUser(params.id)) };
    },
    async updateUser({ req, params, body }: OneCall & { readonly body: z.infer<typeof adminUserPatch> }) {
      const { name, role, tier, isDisabled, password } = body;
      const patch = {
        ...(name !== undefined && { name }),
        ...(role !== undefined && { role }),
        ...(tier !== undefined && { tier }),
        ...(isDisabled !== undefined && { isDisabled }),
        ...(password !== undefined && { password }),
      };
      const user = await verbs.updateUser(params.id, patch, toOperator(req));
      return { status: 200 as const, body: presentAdminUser(user) };
    },
    async endSessions({ req, params }: OneCall) {
      return { status: 200 as const, body: { ended: await verbs.endSessionsOf(params.id, toOperator(req)) } };
    },
  };
}
