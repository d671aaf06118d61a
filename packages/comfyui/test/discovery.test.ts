import { describe, expect, it } from "vitest";
import { startClient, startServer } from "./parts.ts";
import { json } from "./scripted-server.ts";

describe("boot epoch", () => {
  const startTemp = async (initial?: string) => {
    const server = await startServer();
    const temp = { text: initial };
    server.on(
      "GET /view",
      (_, response) => void (temp.text === undefined ? response.writeHead(404).end() : response.end(temp.text)),
    );
    server.on("POST /upload/image", async (request, response) => {
      const form = await new Response(new Uint8Array(request.bytes), {
        headers: { "content-type": request.headers["content-type"] ?? "" },
      }).formData();
      const image = form.get("image");
      if (temp.text === undefined || form.get("overwrite")) temp.text = image instanceof File ? await image.text() : "";
      json(response, { name: "x", subfolder: "", type: "temp" });
    });
    return { server, temp };
  };

  it("is one text for all clients until the server restarts", async () => {
    const signal = AbortSignal.timeout(5_000);
    const { server, temp } = await startTemp();
    const [first, second] = [startClient(server.url), startClient(server.url)];
    const epochs = await Promise.all([first.bootEpoch(signal), second.bootEpoch(signal), first.bootEpoch(signal)]);
    expect(new Set(epochs).size).toBe(1);
    temp.text = undefined;
    expect(await second.bootEpoch(signal, { isFresh: true })).not.toBe(epochs[0]);
  });

  it("replaces a damaged marker", async () => {
    const signal = AbortSignal.timeout(5_000);
    const { server } = await startTemp("nonsense");
    expect(await startClient(server.url).bootEpoch(signal)).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe("discovery", () => {
  it("asks for each class once and leaves out what is not installed", async () => {
    const server = await startServer();
    const info = { input: { required: {} }, name: "KSampler" };
    server.on("GET /object_info/KSampler", (_, response) => json(response, { KSampler: info }));
    server.on("GET /object_info/*", (_, response) => json(response, {}));
    const found = await startClient(server.url).objectInfo(["KSampler", "A/B", "KSampler", "constructor"]);
    expect([...found.keys()]).toEqual(["KSampler"]);
    expect(server.requests.toSorted()).toEqual([
      "GET /object_info/A%2FB",
      "GET /object_info/KSampler",
      "GET /object_info/constructor",
    ]);
  });

  it("lists models, and tells an unknown folder from an empty one", async () => {
    const server = await startServer();
    server.on("GET /models/loras", (_, response) => json(response, []));
    const comfy = startClient(server.url);
    expect(await comfy.models("loras")).toEqual([]);
    expect(await comfy.models("clip")).toBeUndefined();
  });

  it("says what is wrong with an answer that makes no sense", async () => {
    const server = await startServer();
    server.on("GET /system_stats", (_, response) => json(response, { system: {}, devices: "none" }));
    server.on("GET /prompt", (_, response) => void response.end("<html>"));
    const comfy = startClient(server.url);
    await expect(comfy.systemStats()).rejects.toMatchObject({
      code: "unreadable",
      message: expect.stringContaining("devices"),
    });
    await expect(comfy.queueRemaining()).rejects.toMatchObject({ code: "unreadable", isRetryable: false });
  });

  it("keeps a path before the routes", async () => {
    const server = await startServer();
    server.on("GET /gpu/7/prompt", (_, response) => json(response, { exec_info: { queue_remaining: 2 } }));
    expect(await startClient(`${server.url}/gpu/7/`).queueRemaining()).toBe(2);
  });

  it("refuses an address that is none", () => {
    for (const url of ["", "localhost:8188", "ftp://x", "8188"]) expect(() => startClient(url)).toThrow(TypeError);
  });
});
