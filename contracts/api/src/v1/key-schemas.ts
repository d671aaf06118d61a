import * as z from "zod";
import { scopes } from "../access.ts";
import { tierNames } from "../tiers.ts";

export const keyModes = ["signed", "bearer"] as const;

const mode = z
  .enum(keyModes)
  .describe(
    "`signed`: requests are signed with a secret, which is never sent. `bearer`: a token is sent in `Authorization: Bearer`.",
  );
const scopeList = z.array(z.enum(scopes)).min(1).max(scopes.length);

export const keyCreate = z
  .strictObject({
    name: z.string().trim().min(1).max(100).describe("For people, to tell keys apart."),
    mode: mode.optional().describe("`signed` when absent."),
    scopes: scopeList
      .optional()
      .describe(
        "What the key may be used for, at most what you may. Absent: `generate`, `read` and `upload`, those of them that you have.",
      ),
    tier: z.enum(tierNames).optional().describe("At most yours, which it is when absent."),
    expiresAt: z.iso
      .datetime({ offset: true, error: "expected a time such as 2030-01-01T12:00:00Z" })
      .optional()
      .describe(
        "When the key ends; no later than the key that makes it; made with a session, within 180 days (30 with the scope keys or admin). Absent: as late as possible.",
      ),
  })
  .meta({
    id: "KeyCreate",
    examples: [{ name: "render farm" }, { name: "dashboard", mode: "bearer", scopes: ["read"] }],
  });

/** A week of overlap is plenty for a rollout; a month is for forgotten servers. */
export const overlapSecondsMax = 30 * 24 * 60 * 60;

export const keyRotate = z
  .strictObject({
    overlapSeconds: z
      .int()
      .min(0)
      .max(overlapSecondsMax)
      .optional()
      .describe("For how long what is replaced works as well. 86400 (a day) when absent; 0: no longer."),
  })
  .optional();

const moment = z.string().describe("ISO 8601, UTC.");

export const apiKey = z
  .object({
    id: z.string().describe("What jobs, usage and logs show."),
    name: z.string(),
    mode,
    hint: z.string().describe("The last four characters of the key."),
    scopes: scopeList,
    tier: z.enum(tierNames).describe("Never counts for more than its owner."),
    status: z.enum(["active", "expired", "revoked"]),
    madeBy: z.string().describe("The id of the key, or `user:<id>`, that made it."),
    createdAt: moment,
    lastUsedAt: z.string().optional().describe("To the minute. ISO 8601, UTC."),
    expiresAt: moment.optional(),
    rotatedAt: moment.optional(),
    previousUntil: z.string().optional().describe("Until then what was replaced works as well. ISO 8601, UTC."),
    revokedAt: moment.optional(),
  })
  .meta({ id: "ApiKey" });
export type ApiKeyBody = z.infer<typeof apiKey>;

const secrets = {
  secret: z.string().optional().describe("Of a signed key: what its requests are signed with. Never told again."),
  token: z.string().optional().describe("Of a bearer key: what is sent along. Never told again."),
  webhookSecret: z
    .string()
    .optional()
    .describe(
      "`whsec_…`: what callbacks of jobs that this key makes are signed with. That of a signed key is derived from its secret and replaced with it; that of a bearer key stays.",
    ),
};

export const madeKey = apiKey
  .extend({ key: z.string().describe("What is sent as `X-API-Key`. Never told again."), ...secrets })
  .meta({ id: "MadeApiKey" });
export type MadeKeyBody = z.infer<typeof madeKey>;

export const rotatedKey = apiKey.extend(secrets).meta({ id: "RotatedApiKey" });

export const keyPage = z
  .object({
    keys: z.array(apiKey).describe("Newest first."),
    nextCursor: z.string().optional().describe("Absent on the last page."),
  })
  .meta({ id: "ApiKeyPage" });

const cursor = z.string().min(1).max(200).optional().describe("`nextCursor` of the page before.");
const limit = z.coerce.number().int().min(1).max(100).optional().describe("Keys of a page, 1–100. Default 20.");
export const keyPageQuery = z.strictObject({ cursor, limit });

export const adminKey = apiKey
  .extend({
    owner: z.string().describe("The account it belongs to."),
    isReplayGuarded: z.boolean().describe("False where a signature of this key may count twice."),
  })
  .meta({ id: "AdminApiKey" });
export type AdminKeyBody = z.infer<typeof adminKey>;

export const adminKeyPage = z
  .object({
    keys: z.array(adminKey).describe("Newest first."),
    nextCursor: z.string().optional().describe("Absent on the last page."),
  })
  .meta({ id: "AdminApiKeyPage" });

export const adminKeyPageQuery = keyPageQuery.extend({
  owner: z.string().min(1).max(200).optional().describe("Only keys of this account."),
});

export const adminKeyPatch = z
  .strictObject({
    isReplayGuarded: z
      .boolean()
      .describe(
        "`false` lets one signature count more than once: for a client of version 1 that sends equal bodies in the same millisecond. Whoever captures a request can then repeat it for five minutes.",
      ),
  })
  .meta({ id: "AdminKeyPatch", examples: [{ isReplayGuarded: true }] });
