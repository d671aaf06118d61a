import { project } from "@comfy/tooling/vitest";

/** With a server given from outside, all files share its one queue and must take turns. */
const hasOneServer = process.env.COMFYUI_CONFORMANCE_URL !== undefined;

export default project("comfyui-emulator", {
  fileParallelism: !hasOneServer,
  ...(hasOneServer && { testTimeout: 180_000 }),
});
