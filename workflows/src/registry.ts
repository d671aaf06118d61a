import type { Kind } from "@comfy/contracts";
import { imageWorkflow } from "../image/workflow.ts";
import { lipsyncWorkflow } from "../lipsync/workflow.ts";
import { portraitWorkflow } from "../portrait/workflow.ts";
import { ttsWorkflow } from "../tts/workflow.ts";
import type { PlanChoices, PlanOutcome } from "./plan.ts";
import type { Workflow } from "./workflow.ts";

const workflows: Readonly<Record<Kind, Workflow>> = {
  portrait: portraitWorkflow,
  image: imageWorkflow,
  tts: ttsWorkflow,
  lipsync: lipsyncWorkflow,
};

/** The workflow of a kind. */
export function workflowOf(kind: Kind): Workflow {
  return workflows[kind];
}

/**
 * Decides everything about a job that can be decided before a backend is known: words, sizes, seed, and the ways to render it.
 * Refused input comes back as `ok: false` with a sentence and its fields; nothing is thrown for what a caller wrote.
 *
 * @example planJob("portrait", { description: "Viking warrior" }, { randomSeed: (max) => randomInt(max) });
 */
export function planJob(kind: Kind, input: unknown, choices: PlanChoices): PlanOutcome {
  return workflowOf(kind).plan(input, choices);
}
