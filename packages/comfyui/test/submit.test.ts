import { graph as graphSchema } from "@comfy/comfyui-contract";
import { describe, expect, it } from "vitest";
import { closeLater, emptyWorld, startClient, startServer, until } from "./parts.ts";
import { answerFrom, graph, json } from "./scripted-server.ts";

const promptId = () => crypto.randomUUID();

describe("submit", () => {
  it("opens the socket and listens before the prompt is sent", async () => {
    const server = await startServer();
    let socketsAtPost = -1;
    let body: { client_id?: string; extra_data?: unknown } = {};
    server.on("POST /prompt", (request, response) => {
      socketsAtPost = server.sockets.length;
      body = JSON.parse(request.text);
      json(response, { prompt_id: "x", number: 3, node_errors: {} });
    });
    const comfy = startClient(server.url);
    expect(await comfy.submit({ promptId: promptId(), graph })).toEqual({ type: "accepted", number: 3 });
    expect(socketsAtPost).toBe(1);
    expect(body).toMatchObject({ client_id: comfy.clientId, extra_data: {} });
  });

  it("goes on without a socket when there is none to be had", async () => {
    const server = await startServer(0, false);
    answerFrom(server, emptyWorld());
    const comfy = startClient(server.url, { timeouts: { socketMs: 200 } });
    expect(await comfy.submit({ promptId: promptId(), graph })).toMatchObject({ type: "accepted" });
    const before = performance.now();
    expect(await comfy.submit({ promptId: promptId(), graph })).toMatchObject({ type: "accepted" });
    expect(performance.now() - before, "it waits for the socket only once").toBeLessThan(200);
  });

  it("never sends a graph that would kill an older server's worker, and names the node", async () => {
    const server = await startServer();
    const comfy = startClient(server.url);
    const poison: Parameters<typeof comfy.submit>[0]["graph"] = JSON.parse(
      '{"1":{"class_type":"EmptyImage"},"2":{"inputs":{}}}',
    );
    const submitted = await comfy.submit({ promptId: promptId(), graph: poison });
    expect(submitted).toMatchObject({ type: "refused", problems: [{ nodeId: "1" }, { nodeId: "2" }] });
    expect(server.requests).toEqual([]);
  });

  it("takes no prompt id but a lowercase UUID", async () => {
    const comfy = startClient("http://127.0.0.1:1");
    for (const id of ["", "42", promptId().toUpperCase(), promptId().replaceAll("-", "")]) {
      await expect(comfy.submit({ promptId: id, graph })).rejects.toThrow(/lowercase UUID/);
    }
  });

  it("sends 64-bit seeds unrounded", async () => {
    const server = await startServer();
    let text = "";
    server.on("POST /prompt", (request, response) => {
      text = request.text;
      json(response, { prompt_id: "x", number: 0, node_errors: {} });
    });
    const seeded = graphSchema.parse({ "1": { class_type: "KSampler", inputs: { seed: 18446744073709551615n } } });
    await startClient(server.url).submit({ promptId: promptId(), graph: seeded });
    expect(text).toContain('"seed":18446744073709551615}');
  });

  it("names node, class, input and reason of a refusal", async () => {
    const server = await startServer();
    const error = {
      type: "prompt_outputs_failed_validation",
      message: "Prompt outputs failed validation",
      details: "",
      extra_info: {},
    };
    const inner = {
      type: "value_not_in_list",
      message: "Value not in list",
      details: "ckpt_name: 'x' not in []",
      extra_info: { input_name: "ckpt_name" },
    };
    server.on("POST /prompt", (_, response) =>
      json(
        response,
        {
          error,
          node_errors: { "4": { errors: [inner], dependent_outputs: ["9"], class_type: "CheckpointLoaderSimple" } },
        },
        400,
      ),
    );
    expect(await startClient(server.url).submit({ promptId: promptId(), graph })).toEqual({
      type: "refused",
      reason: "prompt_outputs_failed_validation",
      message: "Prompt outputs failed validation",
      problems: [
        {
          nodeId: "4",
          classType: "CheckpointLoaderSimple",
          input: "ckpt_name",
          type: "value_not_in_list",
          message: "Value not in list",
          details: "ckpt_name: 'x' not in []",
        },
      ],
    });
  });

  it("takes a partly valid prompt back and refuses it whole", async () => {
    const server = await startServer();
    const world = emptyWorld();
    answerFrom(server, world);
    const error = {
      type: "custom_validation_failed",
      message: "Custom validation failed",
      details: "image",
      extra_info: { input_name: "image" },
    };
    server.on("POST /prompt", (request, response) => {
      const { prompt_id } = JSON.parse(request.text);
      world.pending.push(prompt_id);
      json(response, {
        prompt_id,
        number: 1,
        node_errors: { "5": { errors: [error], dependent_outputs: ["5"], class_type: "LoadImage" } },
      });
    });
    server.on("POST /queue", (request, response) => {
      const { delete: ids } = JSON.parse(request.text);
      world.pending = world.pending.filter((id) => !ids.includes(id));
      response.end();
    });
    const submitted = await startClient(server.url).submit({ promptId: promptId(), graph });
    expect(submitted).toMatchObject({
      type: "refused",
      reason: "partly_valid",
      problems: [{ nodeId: "5", input: "image" }],
    });
    expect(world.pending).toEqual([]);
  });

  it("says `unknown` when the answer is lost, and the prompt can then be found", async () => {
    const server = await startServer();
    const world = emptyWorld();
    answerFrom(server, world);
    server.on("POST /prompt", (request, response) => {
      world.running.push(JSON.parse(request.text).prompt_id);
      response.destroy();
    });
    const comfy = startClient(server.url);
    const id = promptId();
    expect(await comfy.submit({ promptId: id, graph })).toMatchObject({
      type: "unknown",
      error: { code: "unreachable", isUnsent: false },
    });
    expect(await comfy.find(id)).toMatchObject({ type: "running" });
    expect(server.requests.filter((request) => request === "POST /prompt")).toHaveLength(1);
  });

  it("says `unknown` for a 500, which a queued prompt can get too, and for an answer that never comes", async () => {
    const server = await startServer();
    server.on("POST /prompt", (_, response) => void response.writeHead(500).end("500 Internal Server Error"));
    const comfy = startClient(server.url, { timeouts: { submitMs: 100, socketMs: 500 } });
    expect(await comfy.submit({ promptId: promptId(), graph })).toMatchObject({
      type: "unknown",
      error: { status: 500 },
    });
    server.on("POST /prompt", () => {});
    expect(await comfy.submit({ promptId: promptId(), graph })).toMatchObject({
      type: "unknown",
      error: { code: "timeout" },
    });
  });

  it("says `unreachable` when nobody listens, and when a proxy turns us away", async () => {
    const gone = await startServer();
    await gone.close();
    const nobody = startClient(gone.url, { timeouts: { socketMs: 100 } });
    expect(await nobody.submit({ promptId: promptId(), graph })).toMatchObject({
      type: "unreachable",
      error: { isUnsent: true },
    });
    const server = await startServer();
    server.on("POST /prompt", (_, response) => void response.writeHead(403).end());
    expect(await startClient(server.url).submit({ promptId: promptId(), graph })).toMatchObject({
      type: "unreachable",
      error: { status: 403 },
    });
  });

  it("throws the caller's reason when aborted before sending, and says `unknown` when aborted after", async () => {
    const server = await startServer();
    const comfy = startClient(server.url);
    const reason = new Error("no longer wanted");
    await expect(comfy.submit({ promptId: promptId(), graph, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(server.requests).toEqual([]);
    const controller = new AbortController();
    server.on("POST /prompt", () => controller.abort(reason));
    expect(await comfy.submit({ promptId: promptId(), graph, signal: controller.signal })).toMatchObject({
      type: "unknown",
    });
  });

  it("carries headers and credentials of the address, and never shows them in errors", async () => {
    const server = await startServer();
    let authorization: string | undefined;
    server.on("GET /prompt", (request, response) => {
      authorization = request.headers.authorization;
      response.writeHead(401).end();
    });
    const comfy = startClient(server.url.replace("http://", "http://me:s3cret@"));
    const error = await comfy.queueRemaining().catch((caught: unknown) => caught);
    expect(authorization).toBe(`Basic ${Buffer.from("me:s3cret").toString("base64")}`);
    expect(error).toMatchObject({
      name: "ComfyUiError",
      code: "refused",
      publicMessage: "The renderer refused the request.",
    });
    expect(String(error)).not.toContain("s3cret");
  });
});

describe("close", () => {
  it("ends a running submission instead of leaving it hanging", async () => {
    const server = await startServer();
    server.on("POST /prompt", () => {});
    const comfy = closeLater(startClient(server.url));
    const submitted = comfy.submit({ promptId: promptId(), graph });
    await until(() => server.requests.includes("POST /prompt"));
    await comfy.close();
    expect(await submitted).toMatchObject({ type: "unknown" });
    await expect(comfy.queueRemaining()).rejects.toMatchObject({ code: "closed" });
  });
});
