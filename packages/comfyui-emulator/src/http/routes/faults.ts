import { type FaultActions, FaultError, type Faults } from "../../faults/faults.ts";
import { toPlain } from "../../python/values.ts";
import { json } from "../answer.ts";
import { readJson } from "../request.ts";
import type { Route } from "../router.ts";

/** The emulator's own routes: what goes wrong here is decided from outside. No fault ever strikes them. */
export function faultRoutes(faults: Faults, act: (actions: FaultActions) => void): readonly Route[] {
  return [
    { method: "GET", path: "/emulator/faults", hasTwin: false, handle: () => json(faults.settings) },
    {
      method: "POST",
      path: "/emulator/faults",
      hasTwin: false,
      handle: async (request) => {
        try {
          act(faults.change(toPlain(await readJson(request))));
        } catch (error) {
          if (!(error instanceof FaultError)) throw error;
          return json({ error: error.message }, 400);
        }
        return json(faults.settings);
      },
    },
  ];
}
