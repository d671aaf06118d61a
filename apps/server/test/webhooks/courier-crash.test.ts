import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { createDatabase } from "../../src/adapters/database/create-database.ts";
import { silentLog } from "../../src/log.ts";
import { prepareEmbedded } from "../ports/embedded-template.ts";
import { createWebhookParts, OWNER } from "../ports/webhook-set-up.ts";
import { startReceiver } from "./receiver.ts";
import { startCourier } from "./start-courier.ts";

async function openParts(directory: string) {
  const database = await createDatabase({ directory, log: silentLog });
  return { ...createWebhookParts(() => database), [Symbol.asyncDispose]: () => database.close() };
}

function startProcess(directory: string) {
  const script = fileURLToPath(new URL("./courier-forever.ts", import.meta.url));
  const child = spawn(process.execPath, ["--conditions=@comfy/source", script, directory], { stdio: "inherit" });
  onTestFinished(() => void child.kill("SIGKILL"));
  return { kill: () => child.kill("SIGKILL"), exited: once(child, "exit") };
}

test("a delivery that was sent by a process killed before it could write that down is sent again under the same id", async () => {
  const directory = await mkdtemp(join(tmpdir(), "comfy-courier-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  await prepareEmbedded(directory);
  const receiver = await startReceiver((res) => {
    // The first one is never answered: its sender dies in that moment.
    if (receiver.received.length > 1) res.end();
  });
  let endpointId: string;
  {
    await using parts = await openParts(directory);
    endpointId = (await parts.register({ url: receiver.url })).id;
    await parts.end();
  }
  const { kill, exited } = startProcess(directory);
  await expect.poll(() => receiver.received.length, { timeout: 60_000 }).toBe(1);
  kill();
  await exited;

  await using parts = await openParts(directory);
  await using _courier = await startCourier(parts, { isAlone: true });
  await expect.poll(() => receiver.received.length, { timeout: 30_000 }).toBe(2);
  const [first, second] = receiver.received;
  expect(second?.id).toBe(first?.id);
  expect(second?.body).toBe(first?.body);
  const readLog = () => parts.log.list({ ownerId: OWNER, endpointId }, { limit: 9 });
  await expect.poll(async () => (await readLog())[0]?.status, { timeout: 10_000 }).toBe("delivered");
  expect(receiver.received).toHaveLength(2);
}, 120_000);
