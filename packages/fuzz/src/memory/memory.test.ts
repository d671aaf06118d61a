import { expect, it } from "vitest";
import { readOperations } from "../document/operations.ts";
import { createRandom } from "../random.ts";
import { createMemory, resourceOf } from "./memory.ts";

const operations = readOperations({
  paths: {
    "/jobs/{kind}/{id}": { get: { operationId: "readJob" } },
    "/jobs/{kind}/{id}/events": { get: { operationId: "events" } },
    "/api/v1/webhooks": { post: { operationId: "create" } },
    "/api/v1/webhooks/{id}": { get: { operationId: "read" } },
    "/outputs/{asset}/{name}": { get: { operationId: "content", security: [{ SignedLink: [] }] } },
  },
});
const byId = (id: string) => {
  const operation = operations.find((each) => each.id === id);
  if (!operation) throw new Error(`expected an operation ${id}`);
  return operation;
};
const random = createRandom(1);

it.each([
  ["POST", "/api/v1/jobs", "jobs"],
  ["GET", "/api/v1/jobs/{id}", "jobs"],
  ["POST", "/api/v1/jobs/{id}/retry", "jobs"],
  ["GET", "/api/v1/webhooks/{id}/deliveries", "deliveries"],
  ["POST", "/api/v1/upload", "upload"],
])("knows what %s %s speaks of", (method, path, noun) => {
  expect(resourceOf({ method, path })).toBe(noun);
});

it("finds again what answers told: ids, addresses that belong together, links", () => {
  const memory = createMemory(operations, "http://127.0.0.1:1");
  expect(memory.recallPath(byId("read"), random)).toBeUndefined();
  memory.learn(byId("create"), { body: { url: "x", name: "n" } }, { id: "w1", pollUrl: "/jobs/tts/j1" });
  memory.learn(byId("readJob"), {}, { result: { signedUrl: "http://127.0.0.1:1/outputs/a1/x.png?sig=s" } });
  expect(memory.recallPath(byId("read"), random)).toEqual({ id: "w1" });
  expect(memory.recallPath(byId("readJob"), random)).toEqual({ kind: "tts", id: "j1" });
  expect(memory.recallPath(byId("events"), random)).toEqual({ kind: "tts", id: "j1" });
  expect(memory.recallLink(byId("content"), random)).toBe("/outputs/a1/x.png?sig=s");
  expect(memory.recallBody(["url"], random)).toEqual({ url: "x", name: "n" });
  expect(memory.recallBody(["other"], random)).toBeUndefined();
  memory.forget(["w1"]);
  expect(memory.recallPath(byId("read"), random)).toBeUndefined();
});
