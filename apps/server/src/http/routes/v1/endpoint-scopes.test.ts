import type { Scope } from "@comfy/contracts";
import { expect, it } from "vitest";
import { bear, makeKey } from "../../../../test/http/key-calls.ts";
import { startDoor } from "../../../../test/http/start-door.ts";

const url = "https://example.com/hook";
const ENDPOINT = "/api/v1/webhooks/019ac1f0-0000-7000-8000-000000000000";

it("says where results are sent for a key that may read them alone", async () => {
  const door = await startDoor();
  const ask = async (scopes: readonly Scope[], method: string, path: string, body: object) => {
    const { made } = await makeKey(door, { mode: "bearer", scopes });
    return bear(door, method, path, made.token, body);
  };
  for (const [method, path] of [
    ["POST", "/api/v1/webhooks"],
    ["PATCH", ENDPOINT],
  ] as const) {
    const { status, body } = await ask(["webhooks"], method, path, { url });
    expect([status, body.code]).toEqual([403, "access_denied"]);
    expect(body.error).toContain("scope read");
    expect((await ask(["webhooks", "read"], method, path, { url })).status).not.toBe(403);
  }
  expect((await ask(["webhooks"], "PATCH", ENDPOINT, { isEnabled: true })).status).not.toBe(403);
});
