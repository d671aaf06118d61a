import { describe, expect, it } from "vitest";
import { heads } from "../../../../test/assets/files.ts";
import { post, readSigned } from "../../../../test/http/call.ts";
import { signNow } from "../../../../test/http/sign-now.ts";
import { type Door, PRO_KEY, SECRET, startDoor } from "../../../../test/http/start-door.ts";

const viking = { workflow: "portrait", input: { description: "Viking warrior" } };

async function make(door: Door): Promise<string> {
  const { body } = await post(door, "/api/v1/jobs", viking);
  return `/api/v1/jobs/${body.id}/result`;
}

const get = (door: Door, path: string, headers: Record<string, string> = {}, method = "GET") =>
  fetch(door.url + path, {
    method,
    headers: { ...signNow(path, { key: PRO_KEY, secret: SECRET }, method), ...headers },
  });
const read = async (response: Response) => Buffer.from(await response.arrayBuffer());
const size = heads.png.length;

describe("200", () => {
  it("streams the first output to whoever has the key", async () => {
    const door = await startDoor();
    const response = await get(door, await make(door));
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("image/png");
    expect(response.headers.get("content-length")).toBe(String(size));
    expect(response.headers.get("content-disposition")).toContain("portrait.png");
    expect(response.headers.get("content-security-policy")).toBe("default-src 'none'; sandbox");
    expect(response.headers.get("cache-control")).toBe("private, no-cache");
    expect(await read(response)).toEqual(heads.png);
  });

  it("counts outputs from 0", async () => {
    const door = await startDoor();
    const path = await make(door);
    expect((await get(door, `${path}?output=0`)).status).toBe(200);
    const { status, body } = await readSigned(door, `${path}?output=1`);
    expect([status, body.code]).toEqual([404, "asset_not_found"]);
    expect(body.error).toContain("1 outputs, counted from 0");
  });

  it("answers HEAD with the size and without the bytes", async () => {
    const door = await startDoor();
    const response = await get(door, await make(door), {}, "HEAD");
    expect(response.status).toBe(200);
    expect(response.headers.get("content-length")).toBe(String(size));
    expect(response.headers.get("accept-ranges")).toBe("bytes");
    expect(await read(response)).toHaveLength(0);
  });
});

describe("206", () => {
  it("sends a range, also of the last bytes", async () => {
    const door = await startDoor();
    const path = await make(door);
    const first = await get(door, path, { Range: "bytes=0-3" });
    expect([first.status, first.headers.get("content-range")]).toEqual([206, `bytes 0-3/${size}`]);
    expect(await read(first)).toEqual(heads.png.subarray(0, 4));
    expect(await read(await get(door, path, { Range: "bytes=-5" }))).toEqual(heads.png.subarray(size - 5));
  });
});

describe("304", () => {
  it("saves the bytes of a file the caller has", async () => {
    const door = await startDoor();
    const path = await make(door);
    const etag = (await get(door, path)).headers.get("etag") ?? "";
    const response = await get(door, path, { "If-None-Match": etag });
    expect([response.status, response.headers.get("etag")]).toEqual([304, etag]);
  });
});

describe("400", () => {
  it.each(["-1", "1.5", "first", "99999"])("refuses ?output=%s", async (output) => {
    const door = await startDoor();
    const { status, body } = await readSigned(door, `${await make(door)}?output=${output}`);
    expect(status).toBe(400);
    expect(body.error).toContain("?output: expected");
  });
});

describe("401", () => {
  it("opens for no stranger: this is no link", async () => {
    const door = await startDoor();
    expect((await fetch(door.url + (await make(door)))).status).toBe(401);
  });
});

describe("409", () => {
  it("says that the job has not ended", async () => {
    const door = await startDoor({ isIdle: true });
    const { status, body } = await readSigned(door, await make(door));
    expect([status, body.code]).toEqual([409, "job_not_finished"]);
    expect(body.pollUrl).toBe(`/api/v1/jobs/${body.jobId}`);
  });

  it("says that a job which failed has no result", async () => {
    const door = await startDoor({ isIdle: true });
    const path = await make(door);
    const failure = { code: "generation_failed" as const, message: "Node 5 raised." };
    await door.finishJob({ jobId: door.accepted[0] ?? "", ending: { state: "failed", failure }, isRefunded: false });
    const { status, body } = await readSigned(door, path);
    expect([status, body.code]).toEqual([409, "no_result"]);
  });
});

describe("416", () => {
  it("tells the size of the file to whoever asked past its end", async () => {
    const door = await startDoor();
    const response = await get(door, await make(door), { Range: "bytes=99999-" });
    expect([response.status, response.headers.get("content-range")]).toEqual([416, `bytes */${size}`]);
  });
});
