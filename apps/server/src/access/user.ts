import type { TierName, userRoles } from "@comfy/contracts";

export type UserRole = (typeof userRoles)[number];

/** Somebody who logs in. */
export interface User {
  readonly id: string;
  /** As it was typed; two spellings that differ in case are one person. */
  readonly email: string;
  readonly name?: string;
  readonly role: UserRole;
  readonly tier: TierName;
  readonly isDisabled: boolean;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  readonly lastLoginAtMs?: number;
}

/** The account that a user's jobs, files and keys belong to. */
export const ownerOfUser = (userId: string): string => `user:${userId}`;

/** The form in which an e-mail address is looked up. */
export const toEmailKey = (email: string): string => email.trim().toLowerCase();
