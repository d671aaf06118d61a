import { createOperateBackends, type OperateBackends } from "../../src/generation/operate-backends.ts";

/** Two backends that answer, and switches in memory. */
export function createMemoryBackends(): OperateBackends {
  const drained = new Set<string>();
  const status = { isReachable: true, latencyMs: 1, name: "RTX 4090", isSimulated: true };
  const backends = ["gpu-1", "gpu-2"].map((id) => ({ id, slots: 1, readStatus: async () => status }));
  const switches = {
    readDrained: async () => [...drained],
    async setDrained(id: string, isDrained: boolean) {
      if (isDrained) drained.add(id);
      else drained.delete(id);
    },
  };
  return createOperateBackends({ backends, switches });
}
