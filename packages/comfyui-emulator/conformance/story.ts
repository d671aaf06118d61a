import * as z from "zod";
import { normalise } from "./normalise.ts";

/** One thing that a socket was told: a label that says what about which node, and the whole data, normalised. */
export interface Event {
  readonly label: string;
  /** The node it is about; undefined for the prompt as a whole. */
  readonly node: string | undefined;
  readonly data: unknown;
}

type Told =
  | { readonly type: string; readonly data: Readonly<Record<string, unknown>> }
  | { readonly type: "binary"; readonly bytes: Buffer };

const progressNodes = z.record(z.string(), z.looseObject({ value: z.number(), max: z.number(), state: z.string() }));
const FRAME_KIND_BYTES = 4;

function toBinaryEvent(bytes: Buffer, node: string | undefined): Event {
  const kind = bytes.readUInt32BE(0);
  if (kind === 1) {
    return { label: "preview", node, data: { format: bytes.readUInt32BE(FRAME_KIND_BYTES) } };
  }
  const end = 2 * FRAME_KIND_BYTES + bytes.readUInt32BE(FRAME_KIND_BYTES);
  const head = bytes.subarray(2 * FRAME_KIND_BYTES, end).toString("utf8");
  if (kind === 4 && bytes.length >= end) {
    return { label: "preview with metadata", node, data: normalise(JSON.parse(head)) };
  }
  return { label: `frame kind ${kind}`, node, data: { head, text: bytes.subarray(end).toString("utf8") } };
}

/**
 * The cumulative `progress_state` as news about one node. It may repeat what is known (two nodes changing at once): then it
 * is news about nobody.
 */
function toStateEvent(data: Readonly<Record<string, unknown>>, seen: Map<string, string>): Event {
  const changed = Object.entries(progressNodes.parse(data.nodes)).filter(([id, { value, max, state }]) => {
    const now = `${value}/${max} ${state}`;
    const isNews = seen.get(id) !== now;
    seen.set(id, now);
    return isNews;
  });
  const labels = changed.map(([id, { value, max, state }]) => `progress_state ${id} ${value}/${max} ${state}`);
  const own = Object.fromEntries(changed.map(([id, inner]) => [id, normalise(inner)]));
  return {
    label: labels.join(", ") || "progress_state",
    node: changed.length === 1 ? changed[0]?.[0] : undefined,
    data: own,
  };
}

function toTextEvent(type: string, data: Readonly<Record<string, unknown>>): Event {
  const node = typeof data.node === "string" ? data.node : typeof data.node_id === "string" ? data.node_id : undefined;
  const detail = type === "progress" ? ` ${String(data.value)}/${String(data.max)}` : "";
  const target = node ?? (type === "executing" ? "null" : "");
  return { label: `${type} ${target}${detail}`.trim(), node, data: normalise(data) };
}

/** What a socket was told about prompts, without the `status` frames, which interleave as they please. */
export function toStory(told: readonly Told[]): Event[] {
  const seen = new Map<string, string>();
  let executing: string | undefined;
  return told.flatMap((one): Event[] => {
    if ("bytes" in one) {
      return [toBinaryEvent(one.bytes, executing)];
    }
    if (one.type === "status" || one.type === "feature_flags") {
      return [];
    }
    if (one.type === "progress_state") {
      return [toStateEvent(one.data, seen)];
    }
    const event = toTextEvent(one.type, one.data);
    executing = one.type === "executing" ? event.node : executing;
    return [event];
  });
}

/** The labels of each node's own events, in order: what a server may not change, whichever branch it takes first. */
export function byNode(story: readonly Event[]): Record<string, string[]> {
  const labels = Object.groupBy(story, ({ node }) => node ?? "the prompt");
  return Object.fromEntries(
    Object.entries(labels).map(([node, events]) => [node, (events ?? []).map(({ label }) => label)]),
  );
}

/** The events by label, so that two stories can be compared data by data. */
export function byLabel(story: readonly Event[]): Record<string, unknown> {
  return Object.fromEntries(story.map(({ label, data }) => [label, data]));
}
