import * as z from "zod";
import { scopes } from "../access.ts";
import { tierNames } from "../tiers.ts";

export const userRoles = ["user", "admin"] as const;

const email = z.email("expected an e-mail address").max(254).describe("Upper and lower case are the same.");
// Longer than any that the rules let through: what is wrong with a password is told by them, in their words.
const password = z
  .string()
  .max(1_024)
  .describe("10 to 256 bytes of UTF-8, whatever they are. Compared in the Unicode form NFKC.");
const name = z.string().trim().min(1).max(100).describe("What the person is called.");

const credentials = { email: "ada@example.com", password: "correct horse battery" };

export const userCredentials = z.strictObject({ email, password }).meta({ id: "Credentials", examples: [credentials] });

export const userRegister = z
  .strictObject({ email, password, name: name.optional() })
  .meta({ id: "Registration", examples: [{ ...credentials, name: "Ada" }] });

export const refreshTokenBody = z
  .strictObject({ refreshToken: z.string().min(1).max(200).describe("The newest one of this session.") })
  .meta({ id: "RefreshRequest" });

export const logoutBody = z
  .strictObject({
    refreshToken: z.string().min(1).max(200).describe("Any one of the session's, used or not."),
    everywhere: z.boolean().optional().describe("`true` ends all sessions of the user."),
  })
  .meta({ id: "LogoutRequest", examples: [{ refreshToken: "rt_pQ3vT1xk0wJv9m2bZ8yLr5cN7dF4hG6sA1eUoIiXqWE" }] });

export const passwordChange = z
  .strictObject({ currentPassword: z.string().max(1_024), newPassword: password })
  .meta({ id: "PasswordChange" });

const shownUser = {
  id: z.string(),
  email: z.string(),
  name: z.string().optional(),
  role: z.enum(userRoles),
  tier: z.enum(tierNames),
  createdAt: z.string().describe("ISO 8601, UTC."),
  lastLoginAt: z.string().optional().describe("ISO 8601, UTC."),
};

export const user = z.object(shownUser).meta({ id: "User" });
export type UserBody = z.infer<typeof user>;

export const authTokens = z
  .object({
    accessToken: z.string().describe("Goes into `Authorization: Bearer`. A JWT; nothing in it is for you to read."),
    tokenType: z.literal("Bearer"),
    expiresIn: z.number().describe("Seconds until the access token is refused."),
    refreshToken: z
      .string()
      .describe(
        "Gives the next pair, once. To come with it again ends the session: it was stolen, or refreshed twice.",
      ),
    user,
  })
  .meta({ id: "AuthTokens" });
export type AuthTokens = z.infer<typeof authTokens>;

const count = z.number().nullable();

export const me = z
  .object({
    owner: z.string().describe("The account that jobs, files and limits belong to."),
    key: z.string().describe("The id of the API key, or of the session."),
    tier: z.enum(tierNames),
    scopes: z.array(z.enum(scopes)),
    limits: z
      .object({
        requestsPerMinute: z.number(),
        requestsPerHour: z.number(),
        generationsPerDay: count.describe("Null: no limit."),
        concurrentJobs: count.describe("Null: no limit."),
        jobReadsPerMinute: z.number(),
      })
      .describe("What the owner may do."),
    user: user.optional().describe("Absent for keys of the environment: nobody is behind them."),
  })
  .meta({ id: "Me" });
export type MeBody = z.infer<typeof me>;

export const adminUser = z
  .object({
    ...shownUser,
    owner: z.string().describe("The account of this user, as jobs and keys name it."),
    isDisabled: z.boolean().describe("Cannot log in; sessions and keys are refused."),
    updatedAt: z.string().describe("ISO 8601, UTC."),
  })
  .meta({ id: "AdminUser" });
export type AdminUserBody = z.infer<typeof adminUser>;

const role = z.enum(userRoles);
const tier = z.enum(tierNames);

export const adminUserCreate = z
  .strictObject({ email, password, name: name.optional(), role: role.optional(), tier: tier.optional() })
  .meta({
    id: "AdminUserCreate",
    examples: [{ ...credentials, email: "grace@example.com", role: "user", tier: "pro" }],
  });

export const adminUserPatch = z
  .strictObject({
    name: name.optional(),
    role: role.optional(),
    tier: tier.optional(),
    isDisabled: z.boolean().optional().describe("`true` ends all sessions at once."),
    password: password.optional().describe("Sets another one and ends all sessions."),
  })
  .meta({ id: "AdminUserPatch", examples: [{ tier: "pro" }] });

/** Entries of one page at the most. */
export const adminPageMax = 100;

export const pageFields = {
  cursor: z.string().min(1).max(200).optional().describe("`nextCursor` of the page before."),
  limit: z.coerce.number().int().min(1).max(adminPageMax).optional().describe("Of a page, 1–100. Default 20."),
};

export const adminUserQuery = z.strictObject({
  search: z.string().max(100).optional().describe("Part of the e-mail address or the name, in any case."),
  role: role.optional(),
  tier: tier.optional(),
  disabled: z.enum(["true", "false"]).optional().describe("Only those who are, or are not."),
  ...pageFields,
});

export const adminUserPage = z
  .object({
    users: z.array(adminUser).describe("Newest first."),
    nextCursor: z.string().optional().describe("Absent on the last page."),
  })
  .meta({ id: "AdminUserPage" });
