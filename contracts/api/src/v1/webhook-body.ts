import * as z from "zod";
import { v1Job } from "./job-schemas.ts";
import { jobWebhookEvents } from "./webhook-schemas.ts";

const timestamp = z.string().describe("When it happened: the same over all tries. ISO 8601, UTC.");

const jobWebhookBody = z
  .object({ type: z.enum(jobWebhookEvents), timestamp, data: v1Job })
  .meta({ id: "JobWebhookBody" });

const testWebhookBody = z
  .object({
    type: z.literal("webhook.test"),
    timestamp,
    data: z.object({ webhookId: z.string(), deliveryId: z.string() }),
  })
  .meta({ id: "TestWebhookBody" });

/** Body of the POST sent to a registered endpoint. */
export const webhookBody = z.union([jobWebhookBody, testWebhookBody]).meta({ id: "WebhookBody" });
export type WebhookBody = z.infer<typeof webhookBody>;
