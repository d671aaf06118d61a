import { defineConfig } from "tsup";

export default defineConfig({
  entry: ["src/index.ts", "src/webhooks.ts"],
  format: ["esm", "cjs"],
  target: "es2022",
  platform: "neutral",
  dts: true,
  clean: true,
  // Signing is a workspace of its own but no package of its own: whoever installs the SDK installs nothing else.
  noExternal: ["@comfy/signing"],
  esbuildOptions(options) {
    options.conditions = ["@comfy/source"];
  },
});
