import { describe, expect, it } from "vitest";
import { createBackendSwitches } from "../../src/adapters/database/backend-switches.ts";
import { createSettings } from "../../src/adapters/database/settings.ts";
import type { GetDatabase } from "./set-up.ts";

export function backendSwitchesSuite(getDatabase: GetDatabase): void {
  describe("the switches of backends", () => {
    it("stay as they were set, once for all processes, and touch no other setting", async () => {
      const { db } = getDatabase();
      const deploymentId = await createSettings(db).readDeploymentId();
      const [here, there] = [createBackendSwitches(db), createBackendSwitches(db)];
      await Promise.all([
        here.setDrained("gpu-1", true),
        there.setDrained("gpu-1", true),
        there.setDrained("a%_b", true),
      ]);
      expect(await there.readDrained()).toEqual(["a%_b", "gpu-1"]);
      await there.setDrained("gpu-1", false);
      await there.setDrained("never", false);
      expect(await here.readDrained()).toEqual(["a%_b"]);
      await here.setDrained("a%_b", false);
      expect(await here.readDrained()).toEqual([]);
      expect(await createSettings(db).readDeploymentId()).toBe(deploymentId);
    });
  });
}
