import { describe, expect, it } from "vitest";
import { call, post, readSigned } from "../../../../test/http/call.ts";
import { type Door, OTHER_KEY, startDoor } from "../../../../test/http/start-door.ts";

async function submit(door: Door, metadata = {}, body: object = {}): Promise<string> {
  const asked = { workflow: "portrait", input: { description: "Viking warrior" }, metadata, ...body };
  return (await post(door, "/api/v1/jobs", asked)).body.id;
}

async function list(door: Door, query = ""): Promise<string[]> {
  const { status, body } = await readSigned(door, `/api/v1/jobs${query}`);
  expect([status, body.error]).toEqual([200, undefined]);
  return body.jobs.map(({ id }: { id: string }) => id);
}

describe("200", () => {
  it("lists the owner's jobs, newest first, whichever surface they were made on", async () => {
    const door = await startDoor();
    const first = await submit(door);
    const second = (await post(door, "/portrait/async", { description: "a fisherman" })).body.jobId;
    await post(door, "/portrait/async", { description: "somebody else's" }, { key: OTHER_KEY });
    expect(await list(door)).toEqual([second, first]);
  });

  it("gives pages that meet: nothing twice, nothing left out", async () => {
    const door = await startDoor({ isIdle: true });
    const made: string[] = [];
    for (let n = 0; n < 5; n++) made.unshift(await submit(door));
    const seen: string[] = [];
    let cursor: string | undefined;
    for (let page = 0; page < 3; page++) {
      const query = cursor === undefined ? "?limit=2" : `?limit=2&cursor=${cursor}`;
      const { body } = await readSigned(door, `/api/v1/jobs${query}`);
      seen.push(...body.jobs.map(({ id }: { id: string }) => id));
      cursor = body.nextCursor;
    }
    expect(seen).toEqual(made);
    expect(cursor).toBeUndefined();
  });

  it("filters by status, in the words of this surface", async () => {
    const door = await startDoor({ isIdle: true });
    const [waiting, done, gone] = [await submit(door), await submit(door), await submit(door)];
    await door.complete(done);
    await call(door, "DELETE", `/api/v1/jobs/${gone}`);
    expect(await list(door, "?status=pending")).toEqual([waiting]);
    expect(await list(door, "?status=completed,cancelled")).toEqual([gone, done]);
    expect(await list(door, "?status=failed")).toEqual([]);
  });

  it("counts a job that outlived its deadline as failed", async () => {
    const door = await startDoor({ isIdle: true });
    const jobId = await submit(door);
    const failure = { code: "deadline_exceeded" as const, message: "Too late." };
    await door.finishJob({ jobId, ending: { state: "expired", failure }, isRefunded: false });
    expect(await list(door, "?status=failed")).toEqual([jobId]);
  });

  it("filters by workflow, key, metadata and time, all that are given together", async () => {
    const door = await startDoor({ isIdle: true });
    const ours = await submit(door, { order: "4711", shop: "north" });
    const image = await submit(door, { order: "4711" }, { workflow: "image", input: { prompt: "a harbour" } });
    const { body } = await readSigned(door, `/api/v1/jobs/${ours}`);
    expect(await list(door, "?workflow=image")).toEqual([image]);
    expect(await list(door, `?key=${body.key}`)).toHaveLength(2);
    expect(await list(door, "?key=key-0000000000000000")).toEqual([]);
    expect(await list(door, "?metadata[order]=4711")).toEqual([image, ours]);
    expect(await list(door, "?metadata%5Border%5D=4711&metadata[shop]=north")).toEqual([ours]);
    expect(await list(door, "?metadata[order]=4711&workflow=portrait")).toEqual([ours]);
    expect(await list(door, "?metadata[order]=47")).toEqual([]);
    const soon = new Date(Date.now() + 60_000).toISOString();
    expect(await list(door, `?createdBefore=${soon}`)).toHaveLength(2);
    expect(await list(door, `?createdAfter=${soon}`)).toEqual([]);
  });

  it("spends job reads, not requests", async () => {
    const { headers } = await readSigned(await startDoor(), "/api/v1/jobs");
    expect(headers.get("x-ratelimit-limit")).toBe("600");
  });
});

describe("400", () => {
  it.each([
    ["?limit=101", "?limit"],
    ["?limit=0", "?limit"],
    ["?limit=ten", "?limit"],
    ["?limit=1&limit=2", "?limit"],
    ["?status=done", "?status"],
    ["?workflow=video", "?workflow"],
    ["?createdAfter=yesterday", "?createdAfter"],
    ["?createdAfter=2026-01-01", "?createdAfter"],
    ["?sort=up", "?sort"],
    ["?metadata[a]=1&metadata[a]=2", "?metadata.a"],
    ["?metadata[__proto__]=1", "?metadata[__proto__]"],
    ["?metadata[a][b]=1", "?metadata[a][b]"],
    ["?metadata=1", "?metadata"],
    ["?cursor=", "?cursor"],
  ])("refuses %s and names the parameter", async (query, path) => {
    const { status, body } = await readSigned(await startDoor(), `/api/v1/jobs${query}`);
    expect([status, body.code]).toEqual([400, "invalid_input"]);
    expect(body.error).toContain(path);
    expect(body.error).toContain("expected");
  });
});
