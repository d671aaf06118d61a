import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: ["contracts/*", "workflows", "packages/{signing,client,comfyui,comfyui-emulator,tooling}", "apps/*"],
    // Vitest leaves one core to itself, which on two cores is half of them; most tests here wait more than they compute.
    maxWorkers: Math.max(2, availableParallelism() - 1),
  },
});
