import * as z from "zod";

export const registrations = ["open", "closed"] as const;

/** Who may have an account, and the first one that may operate the service. */
export const users = {
  REGISTRATION: z.enum(registrations).default("closed"),
  ADMIN_EMAIL: z.email("expected an e-mail address").max(254).optional(),
  ADMIN_PASSWORD: z.string().optional(),
};

/** The admin that is created where there is none. */
export interface FirstAdminConfig {
  readonly email: string;
  readonly password: string;
}

export interface UserEnvironment {
  readonly ADMIN_EMAIL?: string | undefined;
  readonly ADMIN_PASSWORD?: string | undefined;
}

export function toFirstAdmin({ ADMIN_EMAIL: email, ADMIN_PASSWORD: password }: UserEnvironment): {
  readonly firstAdmin?: FirstAdminConfig;
} {
  return email === undefined || password === undefined ? {} : { firstAdmin: { email, password } };
}

/** One without the other, as a sentence. */
export function findUserFaults({ ADMIN_EMAIL: email, ADMIN_PASSWORD: password }: UserEnvironment): string[] {
  if ((email === undefined) === (password === undefined)) return [];
  const [set, missing] = email === undefined ? ["ADMIN_PASSWORD", "ADMIN_EMAIL"] : ["ADMIN_EMAIL", "ADMIN_PASSWORD"];
  return [`${missing}: is missing, but ${set} is set; the first admin is created only with both.`];
}
