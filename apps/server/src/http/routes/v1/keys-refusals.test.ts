import { describe, expect, it } from "vitest";
import { call } from "../../../../test/http/call.ts";
import { callAs, KEYS, type Made, makeKey } from "../../../../test/http/key-calls.ts";
import { ADMIN_KEY, type Door, startDoor } from "../../../../test/http/start-door.ts";

const all = ["generate", "read", "upload", "webhooks", "keys"];

describe("403", () => {
  const limited = async (door: Door, wish: object) => (await makeKey(door, { scopes: ["keys", "read"], ...wish })).made;
  const makeAs = (door: Door, by: Made, wish: object) => makeKey(door, wish, by);

  it("a key never makes a key with more scopes than its own", async () => {
    const door = await startDoor();
    const maker = await limited(door, {});
    for (const scopes of [["generate"], ["read", "upload"], ["admin"], all]) {
      const { status, body } = await makeAs(door, maker, { scopes });
      expect([status, body.code]).toEqual([403, "access_denied"]);
      expect(body.error).toMatch(/at most the scopes/);
    }
    expect((await makeAs(door, maker, { scopes: ["keys", "read"] })).body.scopes).toEqual(["read", "keys"]);
    expect((await makeAs(door, maker, {})).body.scopes).toEqual(["read"]);
  });

  it("nobody but an operator makes an operator", async () => {
    const door = await startDoor();
    expect((await makeKey(door, { scopes: ["admin"] })).status).toBe(403);
    const { status, made } = await makeKey(door, { scopes: ["admin"] }, { key: ADMIN_KEY });
    expect(status).toBe(201);
    expect((await callAs(door, made, "GET", "/api/v1/admin/backends")).status).toBe(200);
  });

  it("a key never makes a key of a higher tier than its own", async () => {
    const door = await startDoor();
    const maker = await limited(door, { tier: "basic" });
    for (const tier of ["pro", "enterprise"]) expect((await makeAs(door, maker, { tier })).status, tier).toBe(403);
    expect((await makeAs(door, maker, {})).body.tier).toBe("basic");
    expect((await makeAs(door, maker, { tier: "free" })).body.tier).toBe("free");
  });

  it("a key never makes a key that outlives it, nor one without an end", async () => {
    const door = await startDoor();
    const expiresAt = "2030-01-01T00:00:00.000Z";
    const maker = await limited(door, { expiresAt });
    expect((await makeAs(door, maker, { expiresAt: "2030-01-01T00:00:00.001Z" })).status).toBe(403);
    expect((await makeAs(door, maker, {})).body.expiresAt).toBe(expiresAt);
    expect((await makeAs(door, maker, { expiresAt: "2029-01-01T01:00:00+01:00" })).body.expiresAt).toBe(
      "2029-01-01T00:00:00.000Z",
    );
  });

  it("a key gets no secret of a key that can do more: it cannot rotate it", async () => {
    const door = await startDoor();
    const maker = await limited(door, { tier: "basic" });
    const { made: strong } = await makeKey(door, { scopes: ["keys", "read", "generate"], tier: "free" });
    const { made: high } = await makeKey(door, { scopes: ["read"], tier: "pro" });
    const { made: weak } = await makeKey(door, { scopes: ["read"], tier: "free" });
    const rotate = ({ id }: Made) => callAs(door, maker, "POST", `${KEYS}/${id}/rotate`, {});
    expect([(await rotate(strong)).status, (await rotate(high)).status, (await rotate(weak)).status]).toEqual([
      403, 403, 200,
    ]);
  });

  it("a key without the scope keys manages none", async () => {
    const door = await startDoor();
    const { made } = await makeKey(door, { scopes: ["generate", "read"] });
    expect((await makeKey(door, {}, made)).status).toBe(403);
    expect((await callAs(door, made, "GET", KEYS)).status).toBe(403);
    expect((await callAs(door, made, "DELETE", `${KEYS}/${made.id}`)).status).toBe(403);
  });
});

describe("400", () => {
  it.each([
    ["no name", {}],
    ["a name of blanks", { name: "  " }],
    ["a scope that is none", { name: "a", scopes: ["everything"] }],
    ["no scopes", { name: "a", scopes: [] }],
    ["an end that is over", { name: "a", expiresAt: "2020-01-01T00:00:00Z" }],
    ["an end that is no time", { name: "a", expiresAt: "tomorrow" }],
    ["a field nobody knows", { name: "a", ownerId: "env:other" }],
  ])("refuses %s", async (_, body) => {
    const { status } = await call(await startDoor(), "POST", KEYS, { body });
    expect(status).toBe(400);
  });
});
