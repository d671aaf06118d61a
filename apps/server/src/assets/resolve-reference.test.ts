import { describe, expect, it } from "vitest";
import { heads } from "../../test/assets/files.ts";
import { never, publicUrl, setUpAssets, toCaller, toStream } from "../../test/assets/set-up.ts";
import { AppError } from "../errors.ts";
import { createId } from "../ids.ts";
import { createResolveReference } from "./resolve-reference.ts";

async function setUp() {
  const rooms = await setUpAssets();
  const assertAllowed = (url: string, field: string) => {
    if (!url.startsWith("https:")) throw new AppError("invalid_input", `${field}: expected an https address.`);
  };
  const resolveReference = createResolveReference({
    records: rooms.records,
    links: rooms.links,
    files: { assertAllowed },
    publicUrls: () => [publicUrl, "http://127.0.0.1:8080"],
  });
  const upload = (ownerId: string, body: Uint8Array, name: string) =>
    rooms.uploadAsset({ caller: toCaller(ownerId), name, body: toStream(body), signal: never });
  const face = await upload("env:one", heads.png, "Gesicht é.png");
  const voice = await upload("env:one", heads.wav, "voice.wav");
  const foreign = await upload("env:two", heads.png, "secret.png");
  const resolve = (text: string, accepts: "image" | "audio" = "image", ownerId = "env:one") =>
    resolveReference({ ownerId, text, field: "portrait_image", accepts });
  return { ...rooms, face, voice, foreign, resolve };
}

describe("a media field", () => {
  it("finds an own file by id, by virtual path and by link, on any address of ours", async () => {
    const { resolve, face, links } = await setUp();
    const link = await links.sign(face);
    const spellings = [
      face.id,
      `  ${face.id}\n`,
      face.localPath,
      encodeURI(face.localPath),
      link,
      link.replace(/\?.*/, ""),
      link.replace(publicUrl, "http://127.0.0.1:8080"),
      link.replace("https://api.example.com/", "HTTPS://API.example.com:443/"),
    ];
    for (const text of spellings) {
      expect(await resolve(text), text).toMatchObject({ type: "asset", asset: { id: face.id, type: "image/png" } });
    }
    expect(await resolve(face.id)).not.toHaveProperty("asset.location");
  });

  it("leaves other https addresses to be fetched later", async () => {
    const { resolve } = await setUp();
    expect(await resolve(" https://example.com/a b.png ")).toEqual({
      type: "url",
      url: "https://example.com/a%20b.png",
    });
    await expect(resolve("http://example.com/a.png")).rejects.toMatchObject({ code: "invalid_input" });
  });

  it("tells nothing about files of others, whether or not they exist", async () => {
    const { resolve, foreign } = await setUp();
    const texts = [
      foreign.id,
      foreign.localPath,
      `${publicUrl}${foreign.localPath}`,
      `${foreign.url}x`,
      createId(),
      `/outputs/${createId()}/a.png`,
      `${publicUrl}/outputs/${createId()}/a.png`,
    ];
    for (const text of texts) {
      await expect(resolve(text), text).rejects.toMatchObject({
        code: "asset_not_found",
        message: "portrait_image: no such file belongs to this key.",
      });
    }
  });

  it("lets whoever holds a good link use what it opens, until it expires", async () => {
    const { resolve, foreign, clock } = await setUp();
    expect(await resolve(foreign.url)).toMatchObject({ type: "asset", asset: { id: foreign.id } });
    clock.advance(4_000_000);
    await expect(resolve(foreign.url)).rejects.toMatchObject({ code: "asset_not_found" });
  });

  it("refuses a file of another kind and says what came", async () => {
    const { resolve, voice, face } = await setUp();
    await expect(resolve(voice.id)).rejects.toMatchObject({
      code: "invalid_input",
      message: "portrait_image: expected an image, but voice.wav is audio/wav",
      details: [{ path: "portrait_image" }],
    });
    await expect(resolve(face.id, "audio")).rejects.toThrow("expected audio, but");
  });

  it.each([
    ["/etc/passwd"],
    ["../../../etc/passwd"],
    ["outputs/../../etc/passwd"],
    ["/outputs/../../../etc/passwd"],
    ["/outputs/ID/../../../etc/passwd"],
    ["/outputs/ID/..\\..\\secret"],
    ["/outputs/ID/a/b.png"],
    ["/outputs/ID/"],
    ["/outputs/ID"],
    ["//outputs/ID/NAME"],
    ["/outputs//ID/NAME"],
    ["/OUTPUTS/ID/NAME"],
    ["/input/example.png"],
    ["C:\\Windows\\win.ini"],
    ["\\\\host\\share\\a.png"],
    ["file:///etc/passwd"],
    ["FILE:/etc/passwd"],
    ["data:image/png;base64,AAAA"],
    ["javascript:alert(1)"],
    ["ftp://example.com/a.png"],
    ["gopher://127.0.0.1:6379/_FLUSHALL"],
    ["//example.com/a.png"],
    ["https:"],
    ["https://"],
    ["http://[::1"],
    [""],
    [" "],
    ["\0"],
    [`${publicUrl}/health`],
    [`${publicUrl}/outputs/ID/../../jobs`],
    [`${publicUrl}/outputs/ID/%2e%2e/%2e%2e/jobs`],
    ["https://api.example.com/elsewhere"],
  ])("refuses %j and says what it accepts", async (template) => {
    const { resolve, face } = await setUp();
    const text = template.replace("ID", face.id).replace("NAME", face.name);
    await expect(resolve(text)).rejects.toMatchObject({ code: "invalid_input", status: 400 });
    await expect(resolve(text)).rejects.toThrow(/^portrait_image: .*\/outputs\/<asset>\/<name>/);
  });

  it.each([
    ["/outputs/ID/.."],
    ["/outputs/ID/%2e%2e"],
    ["/outputs/ID/%2e%2e%2fetc%2fpasswd"],
    ["/outputs/ID/other.png"],
    ["/outputs/ID/%"],
  ])("does not find %j: the name must be the file's", async (template) => {
    const { resolve, face } = await setUp();
    await expect(resolve(template.replace("ID", face.id))).rejects.toMatchObject({ status: 404 });
  });
});
