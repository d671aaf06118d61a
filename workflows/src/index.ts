/**
 * What ComfyUI is asked to do: a plan for each kind (`plan.ts` in its folder), the graphs that render it, and which value goes where.
 * Pure: no I/O, no clock, no chance of its own.
 *
 * `planJob` decides when a job is accepted; `chooseVariant` and `bindPlan` decide again for each backend it is sent to.
 */

export { lipsyncSecondsMax } from "../lipsync/plan.ts";
export { type BindOptions, type BoundPlan, bindPlan, chooseVariant } from "./bind.ts";
export { builtinFile, builtinFiles } from "./builtin.ts";
export type { Inventory, Missing, ObjectInfoEntry } from "./inventory.ts";
export type {
  MediaKind,
  MediaReference,
  MediaSlot,
  Plan,
  PlanChoices,
  PlanOutcome,
  PlanRefusal,
  PlanValue,
  PlanVariant,
} from "./plan.ts";
export { planJob, workflowOf } from "./registry.ts";
export type { Workflow } from "./workflow.ts";
