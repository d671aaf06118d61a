import type { AdminUserBody, AuthTokens, UserBody } from "@comfy/contracts";
import type { Login } from "../../../access/log-in.ts";
import { ownerOfUser, type User } from "../../../access/user.ts";

const toIso = (timeMs: number): string => new Date(timeMs).toISOString();

export function presentUser({ id, email, name, role, tier, createdAtMs, lastLoginAtMs }: User): UserBody {
  return {
    ...{ id, email, role, tier, createdAt: toIso(createdAtMs) },
    ...(name !== undefined && { name }),
    ...(lastLoginAtMs !== undefined && { lastLoginAt: toIso(lastLoginAtMs) }),
  };
}

export function presentAdminUser(user: User): AdminUserBody {
  const { id, isDisabled, updatedAtMs } = user;
  return { ...presentUser(user), owner: ownerOfUser(id), isDisabled, updatedAt: toIso(updatedAtMs) };
}

export function presentLogin({ user, accessToken, accessTtlMs, refreshToken }: Login): AuthTokens {
  const expiresIn = Math.floor(accessTtlMs / 1000);
  return { accessToken, tokenType: "Bearer", expiresIn, refreshToken, user: presentUser(user) };
}
