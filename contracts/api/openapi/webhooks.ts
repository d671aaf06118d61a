import type { PathItemObject } from "openapi3-ts/oas31";
import { webhookBody } from "../src/v1/webhook-body.ts";
import type { SchemaPrinter } from "./schemas.ts";

/** What is sent to registered endpoints. */
export function printWebhooks(printer: SchemaPrinter): Record<string, PathItemObject> {
  return {
    jobEnded: {
      post: {
        operationId: "webhookDeliver",
        tags: ["Platform: webhooks"],
        summary: "Sent to an endpoint when a job ends that it asked for",
        description:
          "Signed with the endpoint's own `whsec_…` as Standard Webhooks has it; for a day after a rotation the header holds two signatures. What is not answered with 2xx within 20 seconds is sent again with the same `webhook-id`: after 5 seconds, 5 and 30 minutes, 2, 5, 10, 14, 20 and 24 hours, later where `Retry-After` asks for it. 410 disables the endpoint. A slow receiver is sent at most four deliveries at once.",
        security: [],
        requestBody: { content: { "application/json": { schema: printer.print(webhookBody, "output") } } },
        responses: { "2XX": { description: "Received." } },
      },
    },
  };
}
