import type {
  logoutBody,
  MeBody,
  passwordChange,
  refreshTokenBody,
  userCredentials,
  userRegister,
} from "@comfy/contracts";
import type { Request } from "express";
import type * as z from "zod";
import type { AppDeps } from "../../deps.ts";
import { authenticatedOf } from "../../visit.ts";
import { toVisitor } from "../../visitor.ts";
import { presentLogin, presentUser } from "./present-user.ts";

interface Call {
  readonly req: Request;
}
interface CallWith<Body extends z.ZodType> extends Call {
  readonly body: z.infer<Body>;
}

/** Logging in and staying so. */
export function createAuthRoutes({ verbs }: AppDeps) {
  return {
    async register({ req, body: { email, password, name } }: CallWith<typeof userRegister>) {
      const wish = { email, password, ...(name !== undefined && { name }) };
      return { status: 201 as const, body: presentLogin(await verbs.register(wish, toVisitor(req))) };
    },
    async login({ req, body }: CallWith<typeof userCredentials>) {
      return { status: 200 as const, body: presentLogin(await verbs.logIn(body, toVisitor(req))) };
    },
    async refresh({ req, body }: CallWith<typeof refreshTokenBody>) {
      const login = await verbs.refreshSession(body.refreshToken, toVisitor(req));
      return { status: 200 as const, body: presentLogin(login) };
    },
    async logout({ req, body: { refreshToken, everywhere } }: CallWith<typeof logoutBody>) {
      await verbs.logOut(refreshToken, everywhere ? "user" : "session", toVisitor(req));
      return { status: 204 as const, body: undefined };
    },
    async password({ req, body: { currentPassword, newPassword } }: CallWith<typeof passwordChange>) {
      const passwords = { current: currentPassword, next: newPassword };
      const login = await verbs.changePassword(authenticatedOf(req).caller, passwords, toVisitor(req));
      return { status: 200 as const, body: presentLogin(login) };
    },
    async me({ req }: Call) {
      const { caller } = authenticatedOf(req);
      const { ownerId, keyId, tier, scopes, limits } = caller;
      const user = await verbs.findUser(caller);
      const body: MeBody = {
        ...{ owner: ownerId, key: keyId, tier, scopes: [...scopes], limits },
        ...(user && { user: presentUser(user) }),
      };
      return { status: 200 as const, body };
    },
  };
}
