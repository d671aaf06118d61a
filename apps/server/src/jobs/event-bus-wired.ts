import { randomBytes } from "node:crypto";
import { jobEvent, previewLengthMax } from "@comfy/contracts";
import * as z from "zod";
import type { EventBus, JobNotice } from "./event-bus.ts";
import { createMemoryEventBus } from "./event-bus-memory.ts";

/** What carries texts about jobs from process to process. It may lose, double and reorder them; it never throws. */
export interface NoticeWire {
  send(jobId: string, text: string): void;
  /** Texts about this job are wanted on this process, until `unlisten`. */
  listen(jobId: string): void;
  unlisten(jobId: string): void;
}

/** Opens a wire; what arrives is given to `receive`. */
export type OpenWire = (receive: (jobId: string, text: string) => void) => NoticeWire;

const TEXT_LENGTH_MAX = previewLengthMax + 1_024;

const signal = z.object({ type: z.enum(["finished", "cancel_requested"]) });
const envelope = z.object({ from: z.string(), notice: z.unknown() });

/**
 * A bus over several processes: listeners on this one hear at once and without the wire, those on others through it. Each wire is
 * listened to once per job, however many listeners the job has here.
 */
export function createWiredEventBus(openWire: OpenWire): EventBus {
  const local = createMemoryEventBus();
  // What this process sent comes back to it, too.
  const self = randomBytes(6).toString("base64url");

  const wire = openWire((jobId, text) => {
    if (!local.hasListener(jobId)) return;
    const notice = parseNotice(text, self);
    if (notice !== undefined) local.publish(jobId, notice);
  });

  return {
    publish(jobId, notice) {
      local.publish(jobId, notice);
      wire.send(jobId, JSON.stringify({ from: self, notice }));
    },
    subscribe(jobId, listener) {
      const isFirst = !local.hasListener(jobId);
      const unsubscribe = local.subscribe(jobId, listener);
      if (isFirst) wire.listen(jobId);
      return () => {
        const wasListened = local.hasListener(jobId);
        unsubscribe();
        if (wasListened && !local.hasListener(jobId)) wire.unlisten(jobId);
      };
    },
  };
}

/** A notice of another process. Whatever else is on the wire is nothing: another version, or somebody else. */
function parseNotice(text: string, self: string): JobNotice | undefined {
  if (text.length > TEXT_LENGTH_MAX) return undefined;
  const parsed = envelope.safeParse(parseJson(text));
  if (!parsed.success || parsed.data.from === self) return undefined;
  const { notice } = parsed.data;
  const asSignal = signal.safeParse(notice);
  if (asSignal.success) return asSignal.data;
  const event = jobEvent.safeParse(notice);
  return event.success && isNotice(event.data) ? event.data : undefined;
}

/** Endings are told by the database alone. */
function isNotice(event: z.infer<typeof jobEvent>): event is JobNotice & z.infer<typeof jobEvent> {
  return !["completed", "failed", "cancelled"].includes(event.type);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
