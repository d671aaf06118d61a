import { initContract } from "@ts-rest/core";

/** What every surface writes its routes with: the one place that knows ts-rest. */
export const c = initContract();
