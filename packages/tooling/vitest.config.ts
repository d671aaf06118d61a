import { project } from "./vitest.mjs";

export default project("tooling");
