import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { verifyWebhook } from "@comfy/signing";
import { createJournal } from "../evidence/journal.ts";
import type { WebhookRecord } from "../evidence/records.ts";

// The receiver of all callbacks. A line is written before the answer: what the sender believes delivered is in the log.
const [portText, file, secret] = process.argv.slice(2);
if (portText === undefined || file === undefined || secret === undefined)
  throw new Error("Usage: receiver-host PORT FILE SECRET");
const journal = createJournal<WebhookRecord>(file);

async function note(headers: Record<string, string>, body: string): Promise<void> {
  const outcome = await verifyWebhook({ headers, body, secret: secret ?? "" });
  const { jobId, status, code }: Record<string, string> = JSON.parse(body);
  journal.write({
    at: Date.now(),
    webhookId: headers["webhook-id"] ?? "",
    jobId: jobId ?? "",
    status: status ?? "",
    ...(code !== undefined && { code }),
    ...(!outcome.ok && { problem: outcome.message }),
  });
}

const server = createServer((request, response) => {
  text(request)
    .then((body) => note(request.headers as Record<string, string>, body))
    .then(
      () => response.writeHead(204).end(),
      () => response.writeHead(400).end(),
    );
});
server.listen(Number(portText), "127.0.0.1", () => process.stdout.write('{"event":"ready"}\n'));
process.once("SIGTERM", () => process.exit(0));
