import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: ["contracts/*", "workflows", "packages/{signing,client,comfyui,comfyui-emulator,tooling}", "apps/*"],
  },
});
