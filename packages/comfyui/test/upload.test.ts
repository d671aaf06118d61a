import { describe, expect, it } from "vitest";
import { toInputName } from "../src/index.ts";
import { codeOf } from "./code-of.ts";
import { startClient, startServer } from "./parts.ts";
import { json } from "./scripted-server.ts";

describe("upload", () => {
  async function* parts(): AsyncGenerator<Uint8Array> {
    yield Buffer.from("one,");
    yield Buffer.from("two");
  }

  const startUploads = async () => {
    const server = await startServer();
    const seen: { text: string; length: string | undefined; form: FormData }[] = [];
    server.on("POST /upload/image", async (request, response) => {
      const headers = { "content-type": request.headers["content-type"] ?? "" };
      const form = await new Response(new Uint8Array(request.bytes), { headers }).formData();
      seen.push({ text: request.text, length: request.headers["content-length"], form });
      json(response, { name: "a (1).png", subfolder: "in", type: "input" });
    });
    return { server, seen, comfy: startClient(server.url) };
  };

  it("streams a file as a form that any server can read, and gives the name it got", async () => {
    const { comfy, seen } = await startUploads();
    const stored = await comfy.upload({
      name: "ä é.png",
      subfolder: "in",
      body: parts(),
      sizeBytes: 7,
      overwrite: true,
    });
    expect(stored).toEqual({ name: "a (1).png", subfolder: "in", type: "input" });
    const [{ form, length, text } = { form: new FormData(), length: "", text: "" }] = seen;
    expect(Number(length)).toBe(Buffer.byteLength(text));
    const image = form.get("image");
    expect(image instanceof File && [image.name, await image.text()]).toEqual(["ä é.png", "one,two"]);
    expect([form.get("type"), form.get("subfolder"), form.get("overwrite")]).toEqual(["input", "in", "true"]);
  });

  it("streams without a known size, and sends bytes as they are", async () => {
    const { comfy, seen } = await startUploads();
    await comfy.upload({ name: "a.txt", type: "temp", body: parts() });
    await comfy.upload({ name: "a.txt", body: Buffer.from("bytes") });
    expect(seen.map(({ length }) => length === undefined)).toEqual([true, false]);
    expect(seen[1]?.text).toContain("bytes");
    expect(seen[1]?.form.get("overwrite")).toBeNull();
  });

  it("refuses names that would leave the folder or the header", async () => {
    const { comfy, server } = await startUploads();
    const body = Buffer.from("x");
    for (const name of ["", "..", "a/b.png", "a\\b.png", 'a".png', "a\r\nX: y.png"]) {
      await expect(comfy.upload({ name, body }), name).rejects.toThrow(TypeError);
    }
    for (const subfolder of ["..", "a/../..", "/etc", 'a"b', "a\nb"]) {
      await expect(comfy.upload({ name: "a.png", subfolder, body }), subfolder).rejects.toThrow(TypeError);
    }
    expect(server.requests).toEqual([]);
  });

  it("reports a server that refuses, and a source that fails", async () => {
    const server = await startServer();
    server.on("POST /upload/image", (_, response) => void response.writeHead(413).end("too large"));
    const comfy = startClient(server.url);
    expect(await codeOf(comfy.upload({ name: "a.png", body: Buffer.from("x") }))).toBe("refused");
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.from("x");
      throw new Error("the disk is gone");
    }
    await expect(comfy.upload({ name: "a.png", body: broken() })).rejects.toThrow();
  });

  it("names the file as graphs do", () => {
    expect(toInputName({ name: "a.png", subfolder: "", type: "input" })).toBe("a.png");
    expect(toInputName({ name: "a.png", subfolder: "s", type: "temp" })).toBe("s/a.png [temp]");
  });
});
