import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { webhookSecretOf } from "@comfy/client/webhooks";
import { Webhook } from "standardwebhooks";
import { expect, test } from "vitest";
import { apiSecret, startService } from "./start-service.ts";

interface Delivery {
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** A receiver that answers with the given statuses, one after the other, then 200. */
async function startReceiver(...statuses: number[]) {
  const deliveries: Delivery[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of request) chunks.push(chunk as Uint8Array);
    deliveries.push({ headers: request.headers as Record<string, string>, body: Buffer.concat(chunks).toString() });
    response.writeHead(statuses.shift() ?? 200).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/hook`,
    deliveries,
    [Symbol.dispose]: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

test("each ended job tells its callback once, signed so that any Standard Webhooks library can check it", async () => {
  await using service = await startService({ environment: { ALLOW_PRIVATE_URLS: "true" } });
  using receiver = await startReceiver();
  const webhook = new Webhook(await webhookSecretOf(apiSecret));

  const response = await service.post("/image/async", {
    prompt: "a door",
    width: 64,
    height: 64,
    callbackUrl: receiver.url,
  });
  const { jobId, pollUrl } = (await response.json()) as { jobId: string; pollUrl: string };
  await service.settle(pollUrl);
  await expect.poll(() => receiver.deliveries.length, { timeout: 10_000 }).toBe(1);

  service.emulator.setFaults({ nodeError: { classType: "KSampler", times: 1 } });
  await service.post("/image/async", { prompt: "no door", callbackUrl: receiver.url });
  await expect.poll(() => receiver.deliveries.length, { timeout: 10_000 }).toBe(2);

  const [done, failed] = receiver.deliveries.map(({ headers, body }) => webhook.verify(body, headers));
  expect(done).toMatchObject({
    status: "complete",
    requestId: jobId,
    jobId,
    result: { status: "complete", result: { taskId: jobId, signedUrl: expect.any(String) } },
  });
  expect(failed).toMatchObject({ status: "failed", error: expect.any(String), code: "generation_failed" });
}, 60_000);

test("a receiver that answers with an error is asked again with the same id, and the job is not run again", async () => {
  await using service = await startService({ environment: { ALLOW_PRIVATE_URLS: "true" } });
  using receiver = await startReceiver(503);
  await service.post("/image/async", { prompt: "a door", width: 64, height: 64, callbackUrl: receiver.url });
  await expect.poll(() => receiver.deliveries.length, { timeout: 15_000 }).toBe(2);
  const [first, second] = receiver.deliveries;
  expect(second?.headers["webhook-id"]).toBe(first?.headers["webhook-id"]);
}, 60_000);
