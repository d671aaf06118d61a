import type { Log } from "../log.ts";
import type { Backend } from "./backend.ts";

const LOOK_TIMEOUT_MS = 5_000;

/** Says once, at the start, which backends answer: a wrong address is found here and not by the first caller. */
export async function announceBackends(
  backends: readonly Pick<Backend, "id" | "readStatus">[],
  log: Log,
): Promise<void> {
  await Promise.all(
    backends.map(async (backend) => {
      const { isReachable, ...status } = await backend.readStatus(AbortSignal.timeout(LOOK_TIMEOUT_MS));
      const fields = { backendId: backend.id };
      if (isReachable) log.info({ ...fields, ...status }, "A backend answers.");
      else log.warn(fields, "A backend does not answer: jobs wait until one does. Is COMFYUI_URL right?");
    }),
  );
}
