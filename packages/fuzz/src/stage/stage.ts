import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createEmulator } from "@comfy/comfyui-emulator";
import { plainPicture } from "../draw/media.ts";
import type { SigningKey } from "../wire/account.ts";
import { type Service, startService } from "./start-process.ts";

const SECRET = "the secret of all keys of this run";
export const operatorKey: SigningKey = { keyId: "enterprise_fuzz_operator", secret: SECRET };
export const tenantKey: SigningKey = { keyId: "enterprise_fuzz_tenant", secret: SECRET };

/** So high that they are not what is tested. */
const plenty = {
  requestsPerMinute: 1_000_000,
  requestsPerHour: 10_000_000,
  generationsPerDay: 1_000_000,
  concurrentJobs: 64,
  jobReadsPerMinute: 1_000_000,
};
const LIMITS = { tiers: { free: plenty, basic: plenty, pro: plenty, enterprise: plenty } };

/** The service with two simulated backends, and somebody who receives what it sends. */
export interface Stage {
  readonly service: Service;
  /** Takes every webhook, and gives a picture to whoever asks for one. */
  readonly receiverUrl: string;
  close(): Promise<void>;
}

export async function openStage(): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), "comfy-fuzz-"));
  const emulators = await Promise.all(
    [1, 2].map(() => createEmulator({ speed: Number.POSITIVE_INFINITY, previewMethod: "none" })),
  );
  const receiver = createServer((req, res) => {
    req.resume();
    if (req.method === "GET") res.writeHead(200, { "content-type": "image/png" }).end(plainPicture);
    else res.writeHead(204).end();
  });
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  const close = async (service?: Service) => {
    await service?.stop();
    receiver.closeAllConnections();
    await new Promise((resolve) => receiver.close(resolve));
    await Promise.all(emulators.map((emulator) => emulator.close()));
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const service = await startService({
      DATA_DIR: folder,
      COMFYUI_URL: emulators.map(({ url }) => url).join(","),
      BACKEND_SLOTS: "4",
      COMFYUI_API_KEYS: `operator:${operatorKey.keyId},tenant:${tenantKey.keyId}`,
      COMFYUI_API_SECRET: SECRET,
      ADMIN_KEYS: "operator",
      REGISTRATION: "open",
      LIMITS: JSON.stringify(LIMITS),
      // Callbacks lead to this machine; every caller comes from an address of its own, as behind a proxy.
      ALLOW_PRIVATE_URLS: "true",
      TRUST_PROXY: "1",
      MAX_UPLOAD_SIZE: "1000000",
      SYNC_DEADLINE_SECONDS: "20",
      JOB_DEADLINE_SECONDS: "60",
      LOG_LEVEL: "warn",
      DRAIN_SECONDS: "2",
    });
    const receiverUrl = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
    return { service, receiverUrl, close: () => close(service) };
  } catch (error) {
    await close();
    throw error;
  }
}
