import { describe, expect, it } from "vitest";
import { heads } from "../../../../test/assets/files.ts";
import { post, readWithKey } from "../../../../test/http/call.ts";
import { type Door, startDoor } from "../../../../test/http/start-door.ts";

async function make(door: Door): Promise<string> {
  const { body } = await post(door, "/portrait", { description: "Viking warrior" });
  return body.signedUrl;
}

const read = async (response: Response) => Buffer.from(await response.arrayBuffer());
const size = heads.png.length;

describe("200", () => {
  it("opens a signed link without any key", async () => {
    const response = await fetch(await make(await startDoor()));
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("image/png");
    expect(response.headers.get("content-length")).toBe(String(size));
    expect(response.headers.get("accept-ranges")).toBe("bytes");
    expect(await read(response)).toEqual(heads.png);
  });

  it("keeps browsers from guessing and running what is in it, and lets pages show it", async () => {
    const { headers } = await fetch(await make(await startDoor()));
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("content-security-policy")).toBe("default-src 'none'; sandbox");
    expect(headers.get("cross-origin-resource-policy")).toBe("cross-origin");
    expect(headers.get("referrer-policy")).toBe("no-referrer");
    expect(headers.get("cache-control")).toContain("private");
  });

  it("answers HEAD with the size and without the bytes, whatever range it names", async () => {
    const response = await fetch(await make(await startDoor()), { method: "HEAD", headers: { Range: "bytes=0-1" } });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-length")).toBe(String(size));
    expect(await read(response)).toHaveLength(0);
  });

  it("ignores ranges that it does not serve", async () => {
    const url = await make(await startDoor());
    for (const range of ["bytes=0-1,3-4", "lines=1-2", "bytes=", "bytes=-", "bytes=5-2"]) {
      const response = await fetch(url, { headers: { Range: range } });
      expect(response.status, range).toBe(200);
      expect(await read(response)).toHaveLength(size);
    }
  });
});

describe("206", () => {
  it.each([
    ["bytes=0-3", 0, 4],
    ["bytes=4-", 4, size],
    ["bytes=-5", size - 5, size],
    ["bytes=2-99999", 2, size],
  ])("sends the range %s", async (range, start, end) => {
    const response = await fetch(await make(await startDoor()), { headers: { Range: range } });
    expect(response.status).toBe(206);
    expect(response.headers.get("content-range")).toBe(`bytes ${start}-${end - 1}/${size}`);
    expect(await read(response)).toEqual(heads.png.subarray(start, end));
  });

  it("sends the whole file when the caller's part is of another one", async () => {
    const headers = { Range: "bytes=0-3", "If-Range": '"another"' };
    const response = await fetch(await make(await startDoor()), { headers });
    expect(response.status).toBe(200);
    expect(await read(response)).toHaveLength(size);
  });
});

describe("304", () => {
  it("saves the bytes of a file the caller has", async () => {
    const url = await make(await startDoor());
    const etag = (await fetch(url)).headers.get("etag") ?? "";
    const response = await fetch(url, { headers: { "If-None-Match": etag } });
    expect(response.status).toBe(304);
  });
});

describe("403", () => {
  const withParameter = (name: string, value: string) => (url: URL) => url.searchParams.set(name, value);

  it.each<[string, (url: URL) => void]>([
    ["no signature", (url) => url.searchParams.delete("sig")],
    ["another signature", withParameter("sig", "A".repeat(43))],
    ["a later expiry", withParameter("expires", "99999999999")],
    ["another disposition", withParameter("disposition", "attachment")],
    ["another key", withParameter("key", "k2")],
    ["two signatures", (url) => url.searchParams.append("sig", "x")],
  ])("refuses a link with %s, in JSON", async (_, change) => {
    const url = new URL(await make(await startDoor()));
    change(url);
    const response = await fetch(url);
    expect([400, 403]).toContain(response.status);
    expect(response.headers.get("content-type")).toContain("application/json");
    expect(await response.json()).toMatchObject({ error: expect.any(String), code: expect.any(String) });
  });

  it("does not open a file because its path is known", async () => {
    const { pathname, origin } = new URL(await make(await startDoor()));
    expect((await fetch(origin + pathname)).status).toBe(403);
  });

  it("ends the guessing of links", async () => {
    const door = await startDoor({ failuresPerMinute: 3 });
    const url = new URL(await make(door));
    url.searchParams.set("sig", "A".repeat(43));
    const statuses: number[] = [];
    for (let n = 0; n < 5; n++) statuses.push((await fetch(url)).status);
    expect(statuses).toEqual([403, 403, 403, 429, 429]);
  });
});

describe("404", () => {
  it.each(["..%2f..%2f..%2fetc%2fpasswd/a.png", "%2e%2e/%2e%2e", "a/..%5c..%5cwindows", "%00/x"])(
    "never leads to a file: /outputs/%s",
    async (path) => {
      const { status, body } = await readWithKey(await startDoor(), `/outputs/${path}`);
      expect([400, 403, 404]).toContain(status);
      expect(body.error).toEqual(expect.any(String));
    },
  );
});

describe("416", () => {
  it("tells the size of the file to whoever asked past its end", async () => {
    const response = await fetch(await make(await startDoor()), { headers: { Range: "bytes=99999-" } });
    expect(response.status).toBe(416);
    expect(response.headers.get("content-range")).toBe(`bytes */${size}`);
    expect(await response.json()).toMatchObject({ code: "range_not_satisfiable" });
  });
});
