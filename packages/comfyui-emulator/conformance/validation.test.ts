import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readValidationAnswers } from "./fixtures.ts";
import { sendJson } from "./http.ts";
import { keepKnown, normalise } from "./normalise.ts";
import { finished } from "./prompts.ts";
import { openTarget, type Target } from "./target.ts";

let target: Target;
beforeAll(async () => {
  target = await openTarget();
});
afterAll(() => target.close());

const answers = readValidationAnswers();

/** Cases that servers after 0.3.64 answer with an error type of their own. */
const newerTypes: Readonly<Record<string, string>> = {
  unknown_class: "missing_node_type",
  missing_class_type: "missing_node_type",
};

const comparable = (body: Readonly<Record<string, unknown>>): unknown => normalise({ ...body, number: 0 });

describe("POST /prompt", () => {
  it.for(Object.entries(answers))("answers as recorded: %s", async ([name, recorded]) => {
    const promptId = randomUUID();
    const answer = await sendJson(target.url, "/prompt", { ...recorded.request, prompt_id: promptId });
    expect(answer.status).toBe(recorded.status);
    expect(answer.headers["content-type"]).toBe("application/json; charset=utf-8");
    if (recorded.status === 200) {
      await finished(target.url, promptId);
    }
    const body = comparable({ ...Object(answer.json()) });
    const known = comparable(recorded.body);
    if (!target.isNewer) {
      expect(body).toEqual(known);
    } else if (newerTypes[name] === undefined && name !== "static_cycle") {
      expect(keepKnown(body, known)).toEqual(known);
    } else {
      expect(body).toMatchObject({
        error: { type: newerTypes[name] ?? expect.stringMatching(/^dependency_cycle$|^prompt_outputs/) },
      });
    }
  });
});
