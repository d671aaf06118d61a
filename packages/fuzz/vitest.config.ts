import { project } from "@comfy/tooling/vitest";

export default project("fuzz");
