import * as z from "zod";

/** A reference to another node's output: `[node id, output slot]`. The id must be text and the slot an integer; -1 is the last output. */
export const link = z.tuple([z.string(), z.int()]);
export type Link = z.infer<typeof link>;

/**
 * One node of an API-format graph. Values that are not links are constants of any JSON shape (64-bit seeds may be bigint in memory).
 * `inputs` is required here although a server accepts its absence: a node without it kills the worker thread of ComfyUI 0.3.64.
 */
export const graphNode = z.looseObject({
  class_type: z.string().min(1),
  inputs: z.record(z.string(), z.unknown()),
  _meta: z.looseObject({ title: z.string().optional() }).optional(),
});
export type GraphNode = z.infer<typeof graphNode>;

/** An API-format graph: nodes by id. Ids are arbitrary text. */
export const graph = z.record(z.string(), graphNode);
export type Graph = z.infer<typeof graph>;

/** Whether an input value is a link. A literal list is written `{ "__value__": [...] }`, so two-element lists are always links. */
export function isLink(value: unknown): value is Link {
  return Array.isArray(value) && value.length === 2 && typeof value[0] === "string" && Number.isInteger(value[1]);
}
