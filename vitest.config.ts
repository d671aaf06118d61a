import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: [
      "contracts/*",
      "workflows",
      "packages/{attacks,bench,signing,client,comfyui,comfyui-emulator,chaos,fuzz,tooling}",
      "apps/*",
    ],
  },
});
