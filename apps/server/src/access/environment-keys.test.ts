import { describe, expect, it } from "vitest";
import { testKeyRing } from "../../test/ports/key-ring.suite.ts";
import { createEnvironmentKeyRing } from "./environment-keys.ts";

const secret = "0123456789abcdef";

describe("the keys of the environment", () => {
  testKeyRing(() => ({
    keys: createEnvironmentKeyRing({ keys: ["free_0", "landline:pro_4f7c2b"], secret }),
    known: { apiKey: "pro_4f7c2b", secret, ownerId: "env:landline" },
  }));

  it.each([
    ["free_1", "free"],
    ["basic_1", "basic"],
    ["pro_1", "pro"],
    ["enterprise_1", "enterprise"],
    ["PRO_1", "free"],
    ["profound", "free"],
  ])("reads the tier of %s from its prefix: %s", async (key, tier) => {
    expect(await createEnvironmentKeyRing({ keys: [key], secret }).find(key)).toMatchObject({ tier });
  });

  it("makes a bare key its own owner, the same one after every start", async () => {
    const find = () => createEnvironmentKeyRing({ keys: ["pro_1", "pro_2"], secret });
    const [first, again, other] = [await find().find("pro_1"), await find().find("pro_1"), await find().find("pro_2")];
    expect(first?.ownerId).toMatch(/^env:[0-9a-f]{16}$/);
    expect(again?.ownerId).toBe(first?.ownerId);
    expect(other?.ownerId).not.toBe(first?.ownerId);
  });

  it("keeps the owner while a named key is rotated", async () => {
    const keys = createEnvironmentKeyRing({ keys: ["landline:pro_old", "landline:pro_new"], secret });
    const [old, fresh] = [await keys.find("pro_old"), await keys.find("pro_new")];
    expect(old?.ownerId).toBe("env:landline");
    expect(fresh?.ownerId).toBe("env:landline");
    expect(old?.id).not.toBe(fresh?.id);
  });

  it("gives a named entry limits of its own", async () => {
    const limits = { landline: { requestsPerMinute: 500 } };
    const keys = createEnvironmentKeyRing({ keys: ["landline:pro_1", "pro_2"], secret, limits });
    expect((await keys.find("pro_1"))?.limits).toEqual({ requestsPerMinute: 500 });
    expect((await keys.find("pro_2"))?.limits).toBeUndefined();
  });

  it("gives the scope admin to named entries and to nobody else", async () => {
    const entries = ["operator:pro_1", "landline:pro_2", "pro_3"];
    const keys = createEnvironmentKeyRing({ keys: entries, secret, admins: ["operator"] });
    const scopes = await Promise.all(["pro_1", "pro_2", "pro_3"].map(async (key) => (await keys.find(key))?.scopes));
    expect(scopes.map((words) => words?.includes("admin"))).toEqual([true, false, false]);
    for (const words of scopes) expect(words).toEqual(expect.arrayContaining(["generate", "read", "keys"]));
  });

  it.each(["pro_3", "operator:pro_1", "stranger"])(
    "refuses %s as an admin's name, in words that do not repeat it",
    (name) => {
      const create = () => createEnvironmentKeyRing({ keys: ["operator:pro_1", "pro_3"], secret, admins: [name] });
      expect(create).toThrow(/^ADMIN_KEYS names nobody it knows/);
      expect(create).not.toThrow(name);
    },
  );

  it.each([["pro 1"], [""], ["nameless:"], [":pro_1"], ["na me:pro_1"], ["prö_1"], ["pro_1\n"], ["a".repeat(513)]])(
    "refuses the entry %j at start, in words that do not repeat it",
    (entry) => {
      const create = () => createEnvironmentKeyRing({ keys: [entry], secret });
      expect(create).toThrow(/^An entry of COMFYUI_API_KEYS is malformed/);
      if (entry.length > 3) expect(create).not.toThrow(entry);
    },
  );

  it("refuses one key under two owners, and keys without a secret", () => {
    expect(() => createEnvironmentKeyRing({ keys: ["one:pro_1", "two:pro_1"], secret })).toThrow(/under two names/);
    expect(() => createEnvironmentKeyRing({ keys: ["pro_1"], secret: "" })).toThrow(/COMFYUI_API_SECRET is empty/);
    expect(() => createEnvironmentKeyRing({ keys: [], secret: "" })).not.toThrow();
  });
});
