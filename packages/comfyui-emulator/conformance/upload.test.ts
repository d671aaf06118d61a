import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { send, sendForm, sendJson, upload } from "./http.ts";
import { paintPng, readPng } from "./png.ts";
import { openTarget, type Target } from "./target.ts";

let target: Target;
beforeAll(async () => {
  target = await openTarget();
});
afterAll(() => target.close());

const put = (name: string, bytes: string | Uint8Array, fields?: Record<string, string>) =>
  upload(target.url, name, bytes, fields);
const view = (query: Record<string, string>) =>
  send(target.url, { path: `/view?${new URLSearchParams({ type: "input", ...query })}` });
const fresh = (extension = "txt"): string => `${randomUUID()}.${extension}`;

describe("POST /upload/image", () => {
  it("takes files of any kind and gives them back byte by byte", async () => {
    const name = fresh("bin");
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    expect((await put(name, bytes)).json()).toMatchObject({ name, subfolder: "", type: "input" });
    expect(new Uint8Array((await view({ filename: name })).bytes)).toEqual(bytes);
  });

  it("keeps one file for the same name with the same content", async () => {
    const name = fresh();
    await put(name, "same");
    expect((await put(name, "same")).json()).toMatchObject({ name });
  });

  it("numbers other content under the same name", async () => {
    const stem = randomUUID();
    const names: unknown[] = [];
    for (const content of ["first", "second", "third", "second"]) {
      names.push(Object((await put(`${stem}.txt`, content)).json()).name);
    }
    expect(names).toEqual([`${stem}.txt`, `${stem} (1).txt`, `${stem} (2).txt`, `${stem} (1).txt`]);
  });

  it.for(["true", "1"])("replaces with overwrite=%s", async (overwrite) => {
    const name = fresh();
    await put(name, "old");
    expect((await put(name, "new", { overwrite })).json()).toMatchObject({ name });
    expect((await view({ filename: name })).text).toBe("new");
  });

  it.for(["True", "yes", "on"])("does not replace with overwrite=%s", async (overwrite) => {
    const name = fresh();
    await put(name, "old");
    expect((await put(name, "new", { overwrite })).json()).not.toMatchObject({ name });
  });

  it("puts a file into a subfolder of the place that was named, and echoes both", async () => {
    const name = fresh();
    const subfolder = `conformance/${randomUUID()}`;
    expect((await put(name, "deep", { subfolder, type: "temp" })).json()).toMatchObject({
      name,
      subfolder,
      type: "temp",
    });
    expect((await view({ filename: name, subfolder, type: "temp" })).text).toBe("deep");
    expect((await view({ filename: name, subfolder })).status).toBe(404);
  });

  it.for(["elsewhere", ""])("crashes for the type %j", async (type) => {
    expect((await put(fresh(), "x", { type })).status).toBe(500);
  });

  it("answers 400 with nothing to a form without a file, and to no form at all", async () => {
    const bare = await sendForm(target.url, "/upload/image", [{ name: "other", value: "x" }]);
    expect([bare.status, bare.text]).toEqual([400, ""]);
    expect((await sendJson(target.url, "/upload/image", {})).status).toBe(400);
    expect((await put("", "")).status).toBe(400);
  });

  it("crashes for a field that is no file: plain text, or bytes without a name", async () => {
    expect((await sendForm(target.url, "/upload/image", [{ name: "image", value: "x" }])).status).toBe(500);
    expect((await put("", "x")).status).toBe(500);
  });

  it("takes the first of two fields with the same name", async () => {
    const names = [fresh(), fresh()];
    const files = names.map((filename) => ({ name: "image", filename, value: "x" }));
    const types = ["temp", "output"].map((value) => ({ name: "type", value }));
    const answer = await sendForm(target.url, "/upload/image", [...types, ...files]);
    expect(answer.json()).toMatchObject({ name: names[0], type: "temp" });
  });

  it("refuses to leave its folder", async () => {
    const away = await put(fresh(), "x", { subfolder: "../../away" });
    expect([away.status, away.text]).toEqual([400, ""]);
    expect((await put("../../away.txt", "x")).status).toBe(400);
  });

  it("crashes for a name in a folder that is not there", async () => {
    expect((await put(`${randomUUID()}/a.txt`, "x")).status).toBe(500);
  });

  it("stores names as received: UTF-8 as it is, percent signs undecoded", async () => {
    const stem = randomUUID();
    expect((await put(`${stem} é.txt`, "x")).json()).toMatchObject({ name: `${stem} é.txt` });
    expect((await put(`${stem}%20.txt`, "x")).json()).toMatchObject({ name: `${stem}%20.txt` });
  });

  it("is there under /api, too", async () => {
    const name = fresh();
    const answer = await sendForm(target.url, "/api/upload/image", [{ name: "image", filename: name, value: "x" }]);
    expect(answer.json()).toMatchObject({ name });
  });
});

describe("POST /upload/mask", () => {
  const solid = (pixel: readonly number[]) => paintPng(8, 8, () => pixel);
  const mask = (name: string, bytes: Uint8Array, reference?: unknown) =>
    sendForm(target.url, "/upload/mask", [
      ...(reference === undefined ? [] : [{ name: "original_ref", value: JSON.stringify(reference) }]),
      { name: "image", filename: name, value: bytes },
    ]);

  it("gives the alpha of the upload to the picture it refers to", async () => {
    const [original, masked] = [fresh("png"), fresh("png")];
    await put(original, solid([10, 20, 30]));
    const answer = await mask(masked, solid([0, 0, 0, 77]), { filename: original, type: "input" });
    expect(answer.json()).toMatchObject({ name: masked, type: "input" });
    const { channels, data } = readPng((await view({ filename: masked })).bytes);
    expect([channels, ...data.subarray(0, 4)]).toEqual([4, 10, 20, 30, 77]);
  });

  it("crashes without a reference", async () => {
    expect((await mask(fresh("png"), solid([0, 0, 0, 77]))).status).toBe(500);
  });

  it("answers 200 but writes nothing when the picture is not there", async () => {
    const name = fresh("png");
    expect((await mask(name, solid([0, 0, 0, 77]), { filename: fresh("png"), type: "input" })).status).toBe(200);
    expect((await view({ filename: name })).status).toBe(404);
  });
});
