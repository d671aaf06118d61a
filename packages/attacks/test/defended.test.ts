import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { attackCases } from "../src/cases/index.ts";
import type { CaseResult } from "../src/run/result.ts";
import { runDefended } from "../src/run/run.ts";
import { openStage, type Stage } from "../src/stage/stage.ts";

// Most of it is spent waiting for services to start; alone it takes well under a minute.
const RUN_TIMEOUT_MS = 300_000;

let stage: Stage;
let results: readonly CaseResult[];

beforeAll(async () => {
  stage = await openStage(attackCases.map(({ name }) => name));
  results = await runDefended(attackCases, stage, { laneCount: 2 });
}, RUN_TIMEOUT_MS);

afterAll(() => stage?.close());

describe("with all defences on the service refuses that", () => {
  it.each(attackCases.map(({ name }) => name))("%s", (name) => {
    const result = results.find((each) => each.name === name);
    expect(`${result?.outcome}: ${result?.evidence}`).toMatch(/^refused: /);
  });
});
