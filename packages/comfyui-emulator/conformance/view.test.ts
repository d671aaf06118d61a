import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { send, upload } from "./http.ts";
import { paintPng, readPng } from "./png.ts";
import { openTarget, type Target } from "./target.ts";

let target: Target;
const stem = randomUUID();
const picture = paintPng(16, 8, (x, y) => [x * 16, y * 32, 99, x < 8 ? 255 : 100]);
beforeAll(async () => {
  target = await openTarget();
  await upload(target.url, `${stem}.txt`, "0123456789");
  await upload(target.url, `${stem}.png`, picture);
});
afterAll(() => target.close());

const view = (query: Record<string, string>, headers: Record<string, string> = {}, method = "GET") =>
  send(target.url, { method, path: `/view?${new URLSearchParams({ type: "input", ...query })}`, headers });
const text = { filename: `${stem}.txt` };
const png = { filename: `${stem}.png` };

describe("GET /view", () => {
  it("gives the file, named but not as an attachment", async () => {
    const answer = await view(png);
    expect(answer.bytes.equals(picture)).toBe(true);
    expect(answer.headers).toMatchObject({
      "content-type": "image/png",
      "content-disposition": `filename="${stem}.png"`,
      "accept-ranges": "bytes",
      "content-length": String(picture.length),
    });
    expect(answer.headers["cache-control"]).toBeUndefined();
  });

  it("gives ranges: from, to, and from the end", async () => {
    for (const [range, content, place] of [
      ["bytes=2-4", "234", "bytes 2-4/10"],
      ["bytes=7-", "789", "bytes 7-9/10"],
      ["bytes=-3", "789", "bytes 7-9/10"],
    ] as const) {
      const answer = await view(text, { range });
      expect([answer.status, answer.text, answer.headers["content-range"]]).toEqual([206, content, place]);
    }
    const beyond = await view(text, { range: "bytes=10-" });
    expect([beyond.status, beyond.headers["content-range"]]).toEqual([416, "bytes */10"]);
  });

  it("knows what the client already has, by tag or by date", async () => {
    const { headers } = await view(text);
    const byTag = await view(text, { "if-none-match": String(headers.etag) });
    expect([byTag.status, byTag.text]).toEqual([304, ""]);
    expect((await view(text, { "if-modified-since": String(headers["last-modified"]) })).status).toBe(304);
    expect((await view(text, { "if-none-match": '"other"' })).status).toBe(200);
  });

  it("answers HEAD like GET, without the bytes", async () => {
    const answer = await view(text, {}, "HEAD");
    expect([answer.status, answer.headers["content-length"], answer.text]).toEqual([200, "10", ""]);
  });

  it("lets a suffix of the name override the type", async () => {
    expect((await view({ filename: `${stem}.txt [input]`, type: "output" })).text).toBe("0123456789");
    expect((await view({ filename: `${stem}.txt [output]` })).status).toBe(404);
  });

  it("looks in `output` when there is no type", async () => {
    expect((await send(target.url, { path: `/view?filename=${stem}.txt` })).status).toBe(404);
  });

  it("drops folders from the name", async () => {
    expect((await view({ filename: `nowhere/${stem}.txt` })).text).toBe("0123456789");
  });

  it.for(["", "/etc/passwd", "../a.png", "a..b.png"])("answers 400 with nothing for the name %j", async (filename) => {
    const answer = await view({ filename });
    expect([answer.status, answer.text]).toEqual([400, ""]);
  });

  it("answers 404 without a name and for a file that is not there, 400 for another type, 403 beyond the folder", async () => {
    expect((await send(target.url, { path: "/view" })).status).toBe(404);
    const absent = await view({ filename: `${randomUUID()}.png` });
    expect([absent.status, absent.headers["content-length"]]).toEqual([404, "0"]);
    expect((await view({ ...text, type: "elsewhere" })).status).toBe(400);
    const beyond = await view({ ...text, subfolder: "../.." });
    expect([beyond.status, beyond.text]).toEqual([403, ""]);
  });

  it("serves pages and scripts as mere bytes", async () => {
    for (const extension of ["html", "css", "unknownkind"]) {
      const filename = `${stem}.${extension}`;
      await upload(target.url, filename, "x");
      expect((await view({ filename })).headers["content-type"], extension).toBe("application/octet-stream");
    }
  });
});

describe("GET /view of a picture", () => {
  const RIFF_WEBP = /^RIFF....WEBP/s;
  const JPEG = /^\u00ff\u00d8\u00ff/;

  it.for([
    ["webp;90", "image/webp", RIFF_WEBP],
    ["jpeg;80", "image/jpeg", JPEG],
    ["jpeg", "image/jpeg", JPEG],
    ["png;50", "image/webp", RIFF_WEBP],
  ] as const)("with preview=%s is re-encoded", async ([preview, type, magic]) => {
    const answer = await view({ ...png, preview });
    expect(answer.headers["content-type"]).toBe(type);
    expect(answer.bytes.toString("latin1")).toMatch(magic);
    expect(answer.headers["content-disposition"]).toBe(`filename="${stem}.png"`);
    expect(answer.headers.etag).toBeUndefined();
  });

  it("is WebP when a channel with an alpha is asked for, whatever the preview says", async () => {
    expect((await view({ ...png, preview: "jpeg;80", channel: "rgba" })).headers["content-type"]).toBe("image/webp");
  });

  it("with channel=rgb loses its alpha and nothing else", async () => {
    const answer = await view({ ...png, channel: "rgb" });
    const { width, height, channels, data } = readPng(answer.bytes);
    expect([width, height, channels]).toEqual([16, 8, 3]);
    expect([...data.subarray(45, 48)]).toEqual([240, 0, 99]);
  });

  it("with channel=a is nothing but its alpha", async () => {
    const { channels, data } = readPng((await view({ ...png, channel: "a" })).bytes);
    expect(channels).toBe(4);
    expect([data[3], data[63]]).toEqual([255, 100]);
  });

  it("crashes as a preview of a file that is no picture", async () => {
    expect((await view({ ...text, preview: "webp;90" })).status).toBe(500);
  });
});
