import { describe, expect, it } from "vitest";
import { send } from "../../../test/http/call.ts";
import { startDoor } from "../../../test/http/start-door.ts";

describe("the reference", () => {
  it("shows the document of this very service", async () => {
    const { status, body } = await send(await startDoor(), "/openapi.json");
    expect(status).toBe(200);
    expect(body.openapi).toBe("3.1.0");
    expect(Object.keys(body.paths)).toContain("/portrait/async");
  });

  it("is printed once, and sent only to who does not have it", async () => {
    let count = 0;
    const openApiDocument = () => ({ openapi: "3.1.0", printed: ++count });
    const door = await startDoor({ deps: { openApiDocument } });
    const first = await send(door, "/openapi.json");
    const etag = first.headers.get("etag") ?? "";
    expect(etag).toMatch(/^"[\w-]{43}"$/);
    expect((await send(door, "/openapi.json")).body).toEqual({ openapi: "3.1.0", printed: 1 });
    const known = await send(door, "/openapi.json", {
      headers: { "If-None-Match": etag, "Cache-Control": "max-age=0" },
    });
    expect([known.status, known.body]).toEqual([304, ""]);
    const other = await send(door, "/openapi.json", { headers: { "If-None-Match": '"another"' } });
    expect([other.status, other.headers.get("etag")]).toEqual([200, etag]);
    expect(count).toBe(1);
  });

  it("needs nothing from anywhere else, and its page says so to the browser", async () => {
    const door = await startDoor();
    const page = await send(door, "/docs");
    expect(page.status).toBe(200);
    expect(page.body).not.toMatch(/https?:\/\//);
    expect(page.headers.get("content-security-policy")).toContain("script-src 'self';");
    for (const [, source = ""] of page.body.matchAll(/src="([^"]+)"/g)) {
      const script = await send(door, `/${source}`);
      expect(script.status, source).toBe(200);
      expect(script.headers.get("content-type")).toContain("javascript");
      expect(script.body.length).toBeGreaterThan(50);
    }
  });
});
