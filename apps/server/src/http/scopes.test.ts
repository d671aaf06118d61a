import { productContract, type Scope, scopes, v1Contract } from "@comfy/contracts";
import { listRoutes, metadataOf } from "@comfy/contracts/openapi";
import { describe, expect, it } from "vitest";
import { bear, makeKey } from "../../test/http/key-calls.ts";
import { ADMIN_KEY, startDoor } from "../../test/http/start-door.ts";

const routes = listRoutes({ product: productContract, v1: v1Contract }).map((listed) => ({
  ...metadataOf(listed),
  method: listed.route.method,
  name: `${listed.route.method} ${listed.route.path}`,
  path: listed.route.path.replaceAll(/:kind/g, "portrait").replaceAll(/:\w+/g, "019ac1f0-0000-7000-8000-000000000000"),
}));
const asking = routes.filter(({ access }) => !["public", "link"].includes(access));

/** Those that any proven caller may call: they tell and change nothing but the caller's own login. */
const OPEN_TO_ALL = /^(GET \/api\/v1\/auth\/me|POST \/api\/v1\/auth\/password)$/;

describe("every route that asks who is calling", () => {
  it("names the scope it needs", () => {
    expect(asking.filter(({ scope }) => scope === undefined).map(({ name }) => name)).toEqual(
      asking.filter(({ name }) => OPEN_TO_ALL.test(name)).map(({ name }) => name),
    );
  });

  it("is of the scope admin exactly where it is an operator's", () => {
    for (const { access, scope, name } of asking) expect(access === "admin", name).toBe(scope === "admin");
  });
});

it.each(asking.flatMap((route) => (route.scope ? [[route.name, { ...route, scope: route.scope }] as const] : [])))(
  "%s refuses a key that has every other scope, and lets in one that has no other",
  async (_, { method, path, scope }) => {
    const door = await startDoor();
    const tokenWith = async (granted: readonly Scope[]) =>
      (await makeKey(door, { mode: "bearer", scopes: granted }, { key: ADMIN_KEY })).made.token;
    const ask = async (granted: readonly Scope[]) =>
      bear(door, method, path, await tokenWith(granted), method === "GET" || method === "DELETE" ? undefined : {});
    const refused = await ask(scopes.filter((word) => word !== scope));
    expect([refused.status, refused.body.code]).toEqual([403, "access_denied"]);
    expect(refused.body.error).toContain(scope);
    const { status } = await ask([scope]);
    expect([401, 403]).not.toContain(status);
  },
);
