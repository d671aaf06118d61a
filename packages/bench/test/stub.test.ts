import { once } from "node:events";
import {
  history,
  objectInfo,
  parseSocketMessage,
  promptAccepted,
  promptRefused,
  queueSnapshot,
  systemStats,
} from "@comfy/comfyui-contract";
import { describe, expect, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { createDirectDriver } from "../src/load/direct-driver.ts";
import { createAgent } from "../src/load/http.ts";
import { createStubBackend } from "../src/stub/backend.ts";

const OUTPUT_BYTES = 2_000_000;

async function start(durationMs = 0) {
  const requests: string[] = [];
  const rendering = () => ({ outputBytes: OUTPUT_BYTES, durationMs });
  const stub = await createStubBackend({ rendering, onRequest: (name) => requests.push(name) });
  onTestFinished(() => stub.close());
  const read = async (path: string) => (await fetch(stub.url + path)).json();
  return { stub, requests, read };
}

const graph = {
  save: { class_type: "SaveImage", inputs: { images: ["decode", 0], filename_prefix: "jobs/a/b" } },
  decode: { class_type: "VAEDecode", inputs: { samples: ["sampler", 0], vae: ["checkpoint", 2] } },
};
const submit = (url: string, body: object) => fetch(`${url}/prompt`, { method: "POST", body: JSON.stringify(body) });

describe("a stub backend", () => {
  it("answers as the contract of ComfyUI says", async () => {
    const { stub, read } = await start();
    expect(systemStats.safeParse(await read("/system_stats")).error).toBeUndefined();
    expect(objectInfo.safeParse(await read("/object_info")).error).toBeUndefined();
    expect(Object.keys(objectInfo.parse(await read("/object_info/KSampler")))).toEqual(["KSampler"]);
    expect(await read("/object_info/NoSuchNode")).toEqual({});
    expect(queueSnapshot.parse(await read("/queue"))).toEqual({ queue_running: [], queue_pending: [] });
    const refused = await submit(stub.url, { prompt: {} });
    expect(refused.status).toBe(400);
    expect(promptRefused.parse(await refused.json()).error.type).toBe("prompt_no_outputs");
  });

  it("tells a prompt's whole course on the socket, in ComfyUI's order, and keeps it in the history", async () => {
    const { stub, read } = await start();
    const socket = new WebSocket(`${stub.url.replace("http", "ws")}/ws?clientId=me`);
    const types: string[] = [];
    const closed = Promise.withResolvers<void>();
    socket.on("message", (text) => {
      const message = parseSocketMessage(JSON.parse(String(text)));
      if (!message) throw new Error(`The contract does not know ${String(text)}.`);
      types.push(message.type);
      if (message.type === "executing" && message.data.node === null) closed.resolve();
    });
    await once(socket, "open");
    const accepted = promptAccepted.parse(await (await submit(stub.url, { prompt: graph, client_id: "me" })).json());
    await closed.promise;
    socket.terminate();
    const told = types.filter((type) => type !== "status" && type !== "progress_state");
    expect(told).toEqual([
      "execution_start",
      "execution_cached",
      "executing",
      "executed",
      "executing",
      "execution_success",
      "executing",
    ]);
    const entry = history.parse(await read(`/history/${accepted.prompt_id}`))[accepted.prompt_id];
    expect(entry).toMatchObject({
      status: { completed: true },
      outputs: { save: { images: [{ subfolder: "jobs/a" }] } },
    });
  });

  it("gives other bytes for each file, and all of them", async () => {
    const { stub } = await start();
    const view = async (name: string) =>
      Buffer.from(await (await fetch(`${stub.url}/view?filename=${name}&subfolder=x&type=output`)).arrayBuffer());
    const [one, other] = [await view("a.png"), await view("b.png")];
    expect([one.length, other.length]).toEqual([OUTPUT_BYTES, OUTPUT_BYTES]);
    expect(one.subarray(1, 4).toString()).toBe("PNG");
    expect(one.equals(other)).toBe(false);
  });

  it("stops a prompt that is interrupted by its id, and no other", async () => {
    const { stub, read } = await start(60_000);
    const { prompt_id } = promptAccepted.parse(await (await submit(stub.url, { prompt: graph })).json());
    const interrupt = (id: string) =>
      fetch(`${stub.url}/interrupt`, { method: "POST", body: JSON.stringify({ prompt_id: id }) });
    await interrupt(crypto.randomUUID());
    expect(queueSnapshot.parse(await read("/queue")).queue_running).toHaveLength(1);
    await interrupt(prompt_id);
    expect(queueSnapshot.parse(await read("/queue")).queue_running).toHaveLength(0);
  });
});

it("driving a backend directly submits once, waits on the socket and reads the file once", async () => {
  const { stub, requests } = await start();
  const agent = createAgent();
  await using direct = await createDirectDriver([stub.url], agent, OUTPUT_BYTES);
  await direct.run(0, AbortSignal.timeout(10_000));
  expect(requests).toEqual(["POST /prompt", "GET /view"]);
  await agent.close();
});
