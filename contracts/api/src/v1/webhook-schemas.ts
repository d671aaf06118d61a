import * as z from "zod";

/** What an endpoint can ask for. A job that outlived its deadline has failed. */
export const jobWebhookEvents = ["job.completed", "job.failed", "job.cancelled"] as const;
export type JobWebhookEvent = (typeof jobWebhookEvents)[number];

/** What is delivered: the events of jobs, and the test that an owner asks for. */
export const webhookEvents = [...jobWebhookEvents, "webhook.test"] as const;
export type WebhookEventType = (typeof webhookEvents)[number];

const url = z
  .url({ protocol: /^https?$/ })
  .max(2048)
  .describe("Where deliveries are sent. https only; never a private or loopback address. Redirects are not followed.");
const events = z
  .array(z.enum(jobWebhookEvents))
  .min(1)
  .max(jobWebhookEvents.length)
  .describe("The events that are delivered.");
const description = z.string().max(200).describe("For people; nothing is read from it.");

export const webhookCreate = z
  .strictObject({
    url,
    events: events.optional().describe("The events that are delivered. Absent: all."),
    description: description.optional(),
  })
  .meta({ id: "WebhookCreate" });

export const webhookPatch = z
  .strictObject({
    url: url.optional(),
    events: events.optional(),
    description: description.nullable().optional(),
    isEnabled: z
      .boolean()
      .optional()
      .describe(
        "`false` stops deliveries and gives up what is still owed. `true` starts them again, failures forgotten.",
      ),
  })
  .meta({ id: "WebhookPatch" });

export const webhook = z
  .object({
    id: z.string(),
    url: z.string(),
    events: z.array(z.enum(jobWebhookEvents)),
    description: z.string().optional(),
    isEnabled: z.boolean(),
    disabledReason: z
      .enum(["owner", "gone", "failing"])
      .optional()
      .describe(
        "`owner`: by a PATCH. `gone`: the receiver answered 410. `failing`: five deliveries in a row were given up and nothing was taken for a day.",
      ),
    failingSince: z.string().optional().describe("Since when nothing was taken, while that is so. ISO 8601, UTC."),
    createdAt: z.string().describe("ISO 8601, UTC."),
    updatedAt: z.string().describe("ISO 8601, UTC."),
  })
  .meta({ id: "Webhook" });
export type Webhook = z.infer<typeof webhook>;

export const webhookWithSecret = webhook
  .extend({
    secret: z
      .string()
      .describe("`whsec_…`: what deliveries are signed with (Standard Webhooks). Told here and when it is rotated."),
  })
  .meta({ id: "WebhookWithSecret" });
export type WebhookWithSecret = z.infer<typeof webhookWithSecret>;

export const webhookSecret = z
  .object({
    secret: z.string().describe("The new `whsec_…`."),
    previousSecretUntil: z
      .string()
      .describe(
        "Until then deliveries are signed with the previous secret as well, in the same header. ISO 8601, UTC.",
      ),
  })
  .meta({ id: "WebhookSecret" });
export type WebhookSecret = z.infer<typeof webhookSecret>;

export const webhookTry = z
  .object({
    n: z.number().describe("1 is the first."),
    triedAt: z.string().describe("ISO 8601, UTC."),
    durationMs: z.number(),
    status: z.number().optional().describe("What the receiver answered; its body is never kept."),
    problem: z.string().optional().describe("Why the try did not count as taken."),
  })
  .meta({ id: "WebhookTry" });

export const webhookDelivery = z
  .object({
    id: z.string().describe("The `webhook-id` header, the same over all tries and replays."),
    event: z.enum(webhookEvents),
    status: z
      .enum(["pending", "delivered", "failed"])
      .describe("`pending`: not taken yet and tried again. `failed`: given up; it can be replayed."),
    webhookId: z.string().optional().describe("The endpoint it goes to. Absent: the job's `callbackUrl`."),
    jobId: z.string().optional().describe("Absent for a test."),
    createdAt: z.string().describe("ISO 8601, UTC."),
    nextTryAt: z.string().optional().describe("While pending. ISO 8601, UTC."),
    deliveredAt: z.string().optional().describe("ISO 8601, UTC."),
    problem: z.string().optional().describe("Why it was given up, where no try says so."),
    tries: z.array(webhookTry).describe("The newest 20, oldest first."),
  })
  .meta({ id: "WebhookDelivery" });
export type WebhookDelivery = z.infer<typeof webhookDelivery>;

const cursor = z.string().max(200).optional().describe("`nextCursor` of the page before.");
const limit = z.coerce.number().int().min(1).max(100).optional().describe("How many at the most; 20 when absent.");

export const deliveryPageQuery = z.strictObject({ cursor, limit });

export const webhookList = z.object({ webhooks: z.array(webhook) }).meta({ id: "WebhookList" });
export const webhookDeliveryPage = z
  .object({
    deliveries: z.array(webhookDelivery).describe("Newest first. The log is kept for 30 days."),
    nextCursor: z.string().optional().describe("Absent on the last page."),
  })
  .meta({ id: "WebhookDeliveryPage" });
export type WebhookDeliveryPage = z.infer<typeof webhookDeliveryPage>;
