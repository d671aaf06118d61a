import type { ComfyUi } from "@comfy/comfyui";
import type { Clock } from "../../clock.ts";
import type { BackendStatus } from "../../generation/backend.ts";

/** `cuda:0 NVIDIA GeForce RTX 4090 : cudaMallocAsync` is for engineers; people know the card. */
function toCardName(device: string): string {
  return device
    .replace(/^SIMULATED /, "")
    .replace(/^cuda:\d+ /, "")
    .replace(/ : \w+$/, "");
}

/** One look at a server. An unreachable one is an answer too. */
export async function readStatus(comfy: ComfyUi, clock: Clock, signal: AbortSignal): Promise<BackendStatus> {
  const startedAtMs = clock.monotonicMs();
  const latencyMs = () => Math.round(clock.monotonicMs() - startedAtMs);
  try {
    const { system, devices } = await comfy.systemStats(signal);
    const [device] = devices;
    return {
      isReachable: true,
      latencyMs: latencyMs(),
      ...(system.comfyui_version && { version: system.comfyui_version }),
      ...(device && {
        name: toCardName(device.name),
        // The emulator says so in the name of its only device: no deployment may pass painted pictures off as rendered.
        isSimulated: device.name.startsWith("SIMULATED"),
        vramTotalBytes: device.vram_total,
        vramFreeBytes: device.vram_free,
      }),
    };
  } catch {
    return { isReachable: false, latencyMs: latencyMs() };
  }
}
