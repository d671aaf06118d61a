import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Answer, send, sendJson } from "./http.ts";
import {
  emptyQueue,
  finished,
  freshGraph,
  readHistory,
  readQueue,
  run,
  running,
  slowGraph,
  submit,
  submitted,
} from "./prompts.ts";
import { openTarget, type Target } from "./target.ts";

let target: Target;
beforeAll(async () => {
  target = await openTarget();
});
afterEach(() => emptyQueue(target.url));
afterAll(() => target.close());

const SERVER_TROUBLE = "500 Internal Server Error\n\nServer got itself in trouble";

function expectTrouble(answer: Answer): void {
  expect(answer.status).toBe(500);
  expect(answer.headers["content-type"]).toBe("text/plain; charset=utf-8");
  expect(answer.text).toBe(SERVER_TROUBLE);
}

describe("the body of POST /prompt", () => {
  it.for(["not json", "", "7", "null"])("gives the text of a crash for %j", async (body) => {
    expectTrouble(await send(target.url, { method: "POST", path: "/prompt", body }));
  });

  it.for(["[1, 2]", '"text"'])("finds no prompt in %s", async (body) => {
    const answer = await send(target.url, { method: "POST", path: "/prompt", body });
    expect(answer.status).toBe(400);
    expect(answer.json()).toMatchObject({ error: { type: "no_prompt" } });
  });

  it.for([null, "text", ["a"]])("gives the text of a crash for the graph %j", async (prompt) => {
    expectTrouble(await sendJson(target.url, "/prompt", { prompt }));
  });

  it("does not look at the content type", async () => {
    const body = JSON.stringify({ prompt: freshGraph(), prompt_id: randomUUID() });
    const answer = await send(target.url, {
      method: "POST",
      path: "/prompt",
      body,
      headers: { "content-type": "text/plain" },
    });
    expect(answer.status).toBe(200);
  });

  it("counts the prompts without a number of their own, refused ones included", async () => {
    const numberOf = async (): Promise<unknown> => Object((await submit(target.url, freshGraph())).json()).number;
    const first = await numberOf();
    await submit(target.url, {});
    expect(await numberOf()).toBe(Number(first) + 2);
  });

  it("takes an explicit number as a float, even from text, and crashes on junk", async () => {
    const explicit = await submit(target.url, freshGraph(), { number: 3 });
    expect(explicit.text).toMatch(/"number": 3\.0[,}]/);
    expect((await submit(target.url, freshGraph(), { number: "7.5" })).text).toContain('"number": 7.5');
    expectTrouble(await submit(target.url, freshGraph(), { number: "soon" }));
  });

  it("writes JSON as Python does: spaces after separators, escapes beyond ASCII", async () => {
    const promptId = await submitted(target.url, freshGraph(), { extra_data: { note: "é" } });
    await finished(target.url, promptId);
    const { text } = await send(target.url, { path: `/history/${promptId}` });
    expect(text).toContain(`{"${promptId}": {"prompt": [`);
    expect(text).toContain('"note": "\\u00e9"');
  });

  it("keeps the values it converted: what was sent as text runs and is shown as a number", async () => {
    const { image, save } = freshGraph();
    const graph = { image: { ...image, inputs: { ...image?.inputs, width: "64", height: 32.0 } }, save };
    const entry = await run(target.url, graph);
    expect(entry.prompt[2]).toMatchObject({ image: { inputs: { width: 64, height: 32 } } });
  });

  it("keeps extra data and client id with the prompt, but no secret", async () => {
    const extra = { extra_data: { note: "kept", api_key_comfy_org: "secret" }, client_id: "somebody" };
    const entry = await run(target.url, freshGraph(), extra);
    expect(entry.prompt[3]).toMatchObject({ note: "kept", client_id: "somebody" });
    expect(entry.prompt[3]).not.toHaveProperty("api_key_comfy_org");
  });

  it("runs the good outputs and reports the bad ones", async () => {
    const bad = { class_type: "SaveImage", inputs: { images: ["nowhere", 0], filename_prefix: "conformance/bad" } };
    const answer = await submit(target.url, { ...freshGraph(), bad });
    expect(answer.status).toBe(200);
    const { prompt_id: promptId, node_errors: errors } = Object(answer.json());
    expect(Object.keys(errors)).toEqual(["bad"]);
    const entry = await finished(target.url, promptId);
    expect(Object.keys(entry.outputs)).toEqual(["save"]);
    expect(entry.prompt[4]).toEqual(["save"]);
  });

  it("runs only the outputs that were asked for", async () => {
    const graph = freshGraph();
    const other = { class_type: "PreviewImage", inputs: { images: ["image", 0] } };
    const entry = await run(target.url, { ...graph, other }, { partial_execution_targets: ["other"] });
    expect(Object.keys(entry.outputs)).toEqual(["other"]);
  });

  it("accepts the same prompt id twice and runs both; the later one is remembered", async () => {
    const promptId = randomUUID();
    const slow = await submitted(target.url, slowGraph());
    await running(target.url, slow);
    await submitted(target.url, freshGraph("conformance/first"), { prompt_id: promptId });
    await submitted(target.url, freshGraph("conformance/second"), { prompt_id: promptId });
    expect((await readQueue(target.url)).pending).toEqual([promptId, promptId]);
    await sendJson(target.url, "/interrupt", { prompt_id: slow });
    const last = await submitted(target.url, freshGraph());
    await finished(target.url, last);
    expect(await readHistory(target.url, promptId)).toMatchObject({
      outputs: { save: { images: [{ filename: expect.stringMatching(/^second_/) }] } },
    });
  });

  it("finds no class in a workflow that was saved for the editor instead of the API", async () => {
    const answer = await submit(target.url, { nodes: [], links: [], version: 0.4 });
    expect(answer.status).toBe(400);
    const type = target.isNewer ? expect.stringMatching(/^(invalid_prompt|missing_node_type)$/) : "invalid_prompt";
    expect(answer.json()).toMatchObject({ error: { type, details: "Node ID '#nodes'" } });
  });

  it.for(["NaN", "Infinity"])("reads %s as Python does, and refuses it where an integer is wanted", async (value) => {
    const { image, save } = freshGraph();
    const text = JSON.stringify({ prompt: { image, save } }).replace('"width":64', `"width":${value}`);
    const answer = await send(target.url, { method: "POST", path: "/prompt", body: text });
    expect(answer.status).toBe(400);
    expect(answer.text).toContain('"type": "invalid_input_type"');
    expect(answer.text).toContain(`"received_value": ${value}`);
  });

  it.for([
    ["true", "True"],
    ["18446744073709551615", "18446744073709551615"],
    ['{"a": [1, "é", null]}', '{"a": [1, "\\u00e9", null]}'],
    ['{"__value__": [1, 2.5]}', "[1, 2.5]"],
  ] as const)("keeps a value as Python read it, down to the node: %s", async ([value, shown]) => {
    const promptId = randomUUID();
    const show = `{"class_type": "PreviewAny", "inputs": {"source": ${value}}}`;
    const body = `{"prompt_id": "${promptId}", "prompt": {"show": ${show}}}`;
    expect((await send(target.url, { method: "POST", path: "/prompt", body })).status).toBe(200);
    expect((await finished(target.url, promptId)).outputs).toEqual({ show: { text: [shown] } });
  });

  it("makes up a UUID when there is no prompt id", async () => {
    const answer = await sendJson(target.url, "/prompt", { prompt: freshGraph() });
    expect(Object(answer.json()).prompt_id).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
  });

  it("up to 0.3.64 takes any value as a prompt id, after it refuses what is no UUID", async () => {
    const answers = await Promise.all(
      [42, "no-uuid"].map((id) => sendJson(target.url, "/prompt", { prompt: freshGraph(), prompt_id: id })),
    );
    if (target.isNewer) {
      expect(answers.map((answer) => answer.status)).toEqual([400, 400]);
      expect(answers[0]?.json()).toMatchObject({ error: { type: "invalid_prompt_id" } });
    } else {
      expect(answers.map((answer) => Object(answer.json()).prompt_id)).toEqual(["42", "no-uuid"]);
    }
  });
});
