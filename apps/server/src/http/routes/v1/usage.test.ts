import { describe, expect, it } from "vitest";
import { call } from "../../../../test/http/call.ts";
import { ADMIN_KEY, type Door, PRO_KEY, startDoor } from "../../../../test/http/start-door.ts";

const range = "from=2026-01-01&to=2026-01-31";
const read = (door: Door, query: string, headers: Record<string, string> = {}) =>
  call(door, "GET", `/api/v1/usage${query}`, { headers });
const readAll = (door: Door, query: string, key = ADMIN_KEY) =>
  call(door, "GET", `/api/v1/admin/usage${query}`, { key });
const sums = { requests: 3, generations: 2, gpuSeconds: 1.5, bytesIn: 10, bytesOut: 20 };

describe("200", () => {
  it("tells what the owner of the key used, and nobody else's", async () => {
    const { status, body } = await read(await startDoor(), `?${range}&groupBy=day,key,workflow`);
    expect(status).toBe(200);
    expect(body).toEqual({
      ...{ from: "2026-01-01", to: "2026-01-31" },
      rows: [
        { day: "2026-01-01", key: "=key", workflow: "portrait", ...sums },
        { day: "2026-01-02", key: "=key", workflow: null, ...sums },
      ],
      total: { requests: 6, generations: 4, gpuSeconds: 3, bytesIn: 20, bytesOut: 40 },
    });
  });

  it("covers the last thirty days by day when nothing else is asked for", async () => {
    const { body } = await read(await startDoor(), "");
    expect(body.to).toBe(new Date().toISOString().slice(0, 10));
    expect((Date.parse(body.to) - Date.parse(body.from)) / 86_400_000).toBe(29);
  });

  it("tells operators what everybody used, and what came to nothing", async () => {
    const door = await startDoor();
    const { body } = await readAll(door, `?${range}&groupBy=owner`);
    expect(body.rows.map(({ owner }: { owner: string }) => owner)).toEqual(["caller", "caller", "env:free"]);
    expect(body.total).toEqual({
      ...{ requests: 9, generations: 6, gpuSeconds: 4.5, bytesIn: 30, bytesOut: 60 },
      wastedGpuSeconds: 0.75,
    });
    expect((await readAll(door, `?${range}&owner=env:free`)).body.rows).toHaveLength(1);
  });

  it.each([
    { name: "format=csv", query: "&format=csv", accept: "application/json" },
    { name: "Accept", query: "", accept: "text/csv" },
  ])("is CSV when $name asks for it, without formulas", async ({ query, accept }) => {
    const door = await startDoor();
    const { headers, body } = await read(door, `?${range}&groupBy=key,day${query}`, { Accept: accept });
    expect(headers.get("content-type")).toBe("text/csv; charset=utf-8; header=present");
    expect(headers.get("content-disposition")).toBe('attachment; filename="usage-2026-01-01-2026-01-31.csv"');
    expect(headers.get("vary")).toContain("Accept");
    expect(body).toBe(
      [
        "day,key,requests,generations,gpuSeconds,bytesIn,bytesOut",
        "2026-01-01,'=key,3,2,1.5,10,20",
        "2026-01-02,'=key,3,2,1.5,10,20",
        "",
      ].join("\r\n"),
    );
  });

  it("is JSON for whoever takes anything, and when format says so", async () => {
    const door = await startDoor();
    expect((await read(door, "", { Accept: "*/*" })).body.rows).toEqual([]);
    expect((await read(door, "?format=json", { Accept: "text/csv" })).body.rows).toEqual([]);
  });
});

describe("400", () => {
  it.each([
    ["?from=2026-02-01&to=2026-01-01", "The first day, 2026-02-01, is after the last one, 2026-01-01."],
    ["?from=2020-01-01&to=2026-01-01", "up to 366 days"],
    ["?from=yesterday", "2026-01-31"],
    ["?from=2026-02-30", "2026-01-31"],
    ["?from=0000-01-01&to=0000-01-02", "2026-01-31"],
    ["?groupBy=owner", "day, key, workflow"],
    ["?groupBy=day,day,day,day", "day, key, workflow"],
    ["?format=xml", "format"],
    ["?owner=env:free", "owner"],
  ])("refuses %s", async (query, words) => {
    const { status, body } = await read(await startDoor(), query);
    expect([status, body.code]).toEqual([400, "invalid_input"]);
    expect(body.error).toContain(words);
  });
});

describe("401", () => {
  it("asks for proof: the key alone tells nobody what its owner used", async () => {
    const door = await startDoor();
    const response = await fetch(`${door.url}/api/v1/usage`, { headers: { "X-API-Key": PRO_KEY } });
    expect(response.status).toBe(401);
  });
});

describe("403", () => {
  it("shows everybody's usage to operators alone", async () => {
    expect((await readAll(await startDoor(), "", PRO_KEY)).status).toBe(403);
  });
});
