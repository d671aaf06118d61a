import { describe, expect, it } from "vitest";
import { call } from "../../../../test/http/call.ts";
import { ADMIN_KEY, type Door, startDoor } from "../../../../test/http/start-door.ts";

const ask = (door: Door, method: string, path: string) =>
  call(door, method, `/api/v1/admin/backends${path}`, { key: ADMIN_KEY });

describe("200", () => {
  it("lists the backends and whether they are in service", async () => {
    const { status, body } = await ask(await startDoor(), "GET", "");
    expect(status).toBe(200);
    expect(body.backends).toHaveLength(2);
    expect(body.backends[0]).toMatchObject({ id: "gpu-1", isReachable: true, isDrained: false, slots: 1 });
  });

  it("takes one out of service and puts it back; saying it twice changes nothing", async () => {
    const door = await startDoor();
    const isDrained = async () =>
      (await ask(door, "GET", "")).body.backends.map((backend: { isDrained: boolean }) => backend.isDrained);
    for (const _ of [1, 2]) expect((await ask(door, "POST", "/gpu-2/drain")).body).toMatchObject({ isDrained: true });
    expect(await isDrained()).toEqual([false, true]);
    expect((await ask(door, "POST", "/gpu-2/resume")).body).toMatchObject({ id: "gpu-2", isDrained: false });
    expect(await isDrained()).toEqual([false, false]);
  });
});

describe("404", () => {
  it("knows only the backends that are configured", async () => {
    const { status, body } = await ask(await startDoor(), "POST", "/gpu-3/drain");
    expect([status, body.code]).toEqual([404, "backend_not_found"]);
  });
});
