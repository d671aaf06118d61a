import { describe, expect, it } from "vitest";
import {
  graphNode,
  nodeInfo,
  promptRequest,
  queueSnapshot,
  readChoices,
  readInput,
  toExecutionOrder,
} from "../src/index.ts";

const id = "00000000-0000-4000-8000-000000000001";

describe("a queue with strangers in it", () => {
  const strangers = [
    [0, "None", null, {}, ["9"]],
    [-1e9, id, { k: { class_type: "KSampler", inputs: { seed: 18446744073709551615n } } }, {}, ["9"]],
    [2, "42", "not a graph", null, ["9"], { batch: 1 }],
    [Number.POSITIVE_INFINITY, "z", [], 7, null],
    [null, "y", {}, {}, []],
  ];

  it("is readable whatever they queued", () => {
    const { queue_pending } = queueSnapshot.parse({ queue_running: [], queue_pending: strangers });
    expect(queue_pending.map((item) => item[1])).toEqual(["None", id, "42", "z", "y"]);
    expect(queue_pending[1]?.[2]).toEqual(strangers[1]?.[2]);
    expect(queue_pending[2]).toHaveLength(6);
  });

  it("runs by number, then by prompt id", () => {
    const items = [
      [3, "b", {}, {}, []],
      [-1, "c", {}, {}, []],
      [3, "a", {}, {}, []],
    ];
    const { queue_pending } = queueSnapshot.parse({ queue_running: [], queue_pending: items });
    expect(toExecutionOrder(queue_pending).map((item) => item[1])).toEqual(["c", "a", "b"]);
  });
});

describe("a prompt request", () => {
  const prompt = { "1": { class_type: "EmptyImage", inputs: {} } };

  it("is refused when it would kill the worker of an older server", () => {
    expect(promptRequest.safeParse({ prompt, extra_data: null }).success).toBe(false);
    expect(promptRequest.safeParse({ prompt: { "1": { class_type: "EmptyImage" } } }).success).toBe(false);
    expect(graphNode.safeParse({ inputs: {} }).success).toBe(false);
  });

  it("takes no prompt id but a lowercase UUID", () => {
    expect(promptRequest.safeParse({ prompt, prompt_id: id }).success).toBe(true);
    for (const wrong of [id.replaceAll("-", ""), "A".repeat(36), `${id.slice(0, -1)}F`, `{${id}}`, ""]) {
      expect(promptRequest.safeParse({ prompt, prompt_id: wrong }).success, wrong).toBe(false);
    }
  });
});

describe("inputs of a class", () => {
  const info = nodeInfo.parse({
    name: "Any",
    input: {
      required: {
        old: [["a", "b"], {}],
        fresh: ["COMBO", { options: ["c", 4], multiselect: false }],
        steps: ["INT", { default: 20, min: 1, max: 10000 }],
        seed: ["INT", { max: 18446744073709551615n }],
      },
      optional: { model: ["MODEL"], strange: 7 },
      hidden: { prompt: "PROMPT" },
    },
  });

  it("offer their choices, declared the old way or the new", () => {
    expect(readChoices(info, "old")).toEqual(["a", "b"]);
    expect(readChoices(info, "fresh")).toEqual(["c", "4"]);
    expect(readInput(info, "old")?.type).toBe("COMBO");
    expect(readInput(info, "fresh")?.type).toBe("COMBO");
    expect(readChoices(info, "steps")).toBeUndefined();
  });

  it("tell type, need and limits", () => {
    expect(readInput(info, "steps")).toEqual({
      type: "INT",
      isRequired: true,
      options: { default: 20, min: 1, max: 10000 },
    });
    expect(readInput(info, "model")).toEqual({ type: "MODEL", isRequired: false, options: {} });
    expect(readInput(info, "seed")?.options.max).toBe(18446744073709551615n);
  });

  it("survive a strange declaration and names of object members", () => {
    expect(readInput(info, "strange")?.type).toBe("*");
    expect(readInput(info, "constructor")).toBeUndefined();
    expect(readInput(info, "prompt")).toBeUndefined();
  });
});
