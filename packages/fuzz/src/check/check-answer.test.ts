import { expect, it } from "vitest";
import { readOperations } from "../document/operations.ts";
import { checkStray, createCheckAnswer } from "./check-answer.ts";

const document = {
  components: { schemas: { Thing: { type: "object", required: ["id"], properties: { id: { type: "string" } } } } },
  paths: {
    "/things/{id}": {
      get: {
        operationId: "read",
        responses: {
          200: { content: { "application/json": { schema: { $ref: "#/components/schemas/Thing" } } } },
          503: { content: { "application/json": { schema: { type: "object" } } } },
          204: {},
        },
      },
    },
  },
};

const [operation] = readOperations(document);
const check = createCheckAnswer(document);

function judge(status: number, body: string, type = "application/json"): string | undefined {
  if (!operation) throw new Error("expected an operation");
  return check(operation, { status, headers: { "content-type": type }, bytes: Buffer.from(body), isCut: false });
}

it("lets an answer pass that keeps to the document", () => {
  expect(judge(200, '{"id":"a"}', "application/json; charset=utf-8")).toBeUndefined();
  expect(judge(204, "", "")).toBeUndefined();
  expect(judge(503, '{"code":"unavailable"}')).toBeUndefined();
});

it.each([
  ["a status that the document does not know", 500, "{}", undefined, /knows no answer 500/],
  ["a field that is missing", 200, "{}", undefined, /breaks its schema.*id/],
  ["a field of another type", 200, '{"id":1}', undefined, /breaks its schema at \/id/],
  ["a body that is no JSON", 200, "{", undefined, /not JSON/],
  ["another media type", 200, "hello", "text/html", /not text\/html/],
  ["a body where none is promised", 204, "x", "text/plain", /no body/],
  [
    "something unforeseen, even under a status that is known",
    503,
    '{"code":"internal_error"}',
    undefined,
    /unforeseen/,
  ],
])("finds %s", (_, status, body, type, problem) => {
  expect(judge(status, body, type)).toMatch(problem);
});

it("finds a path that nobody promised and that answers, or that breaks the service", () => {
  const stray = (status: number, body: string) =>
    checkStray({ status, headers: {}, bytes: Buffer.from(body), isCut: false });
  expect(stray(404, '{"error":"No such route."}')).toBeUndefined();
  expect(stray(200, "{}")).toMatch(/answered 200/);
  expect(stray(500, '{"error":"x"}')).toMatch(/answered 500/);
  expect(stray(404, "<html>")).toMatch(/not an error body/);
});
