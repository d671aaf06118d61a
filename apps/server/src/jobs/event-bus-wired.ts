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

/**
 * How long a notice may lie before it goes out, milliseconds. A job that ends within it costs the wire one text instead of four, and
 * nobody sees a state of a fiftieth of a second.
 */
const LINGER_MS = 50;
/** When a listener that has another way to learn gets the wire, milliseconds: most jobs of a test or a bench are over by then. */
const PATIENCE_MS = 250;
/** Jobs whose notices lie here; beyond them everything goes out at once. */
const LINGERING_MAX = 10_000;

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
  const send = (jobId: string, notice: JobNotice) => wire.send(jobId, JSON.stringify({ from: self, notice }));
  const lingering = createLingering(send);

  const wire = openWire((jobId, text) => {
    if (!local.hasListener(jobId)) return;
    const notice = parseNotice(text, self);
    if (notice !== undefined) local.publish(jobId, notice);
  });
  const listening = createListening(wire);

  return {
    publish(jobId, notice) {
      local.publish(jobId, notice);
      lingering.add(jobId, notice);
    },
    subscribe(jobId, listener, { isPatient = false } = {}) {
      const unsubscribe = local.subscribe(jobId, listener);
      const timer = isPatient ? setTimeout(() => listening.begin(jobId), PATIENCE_MS).unref() : undefined;
      if (!isPatient) listening.begin(jobId);
      return () => {
        clearTimeout(timer);
        unsubscribe();
        if (!local.hasListener(jobId)) listening.end(jobId);
      };
    },
  };
}

/** Jobs that the wire is listened to for. */
function createListening(wire: NoticeWire) {
  const jobs = new Set<string>();
  return {
    begin(jobId: string): void {
      if (jobs.has(jobId)) return;
      jobs.add(jobId);
      wire.listen(jobId);
    },
    end(jobId: string): void {
      if (jobs.delete(jobId)) wire.unlisten(jobId);
    },
  };
}

/** Holds what tells of a state that may be over in a moment: of each type the newest. The end of a job makes it void. */
function createLingering(send: (jobId: string, notice: JobNotice) => void) {
  const kept = new Map<string, Map<JobNotice["type"], JobNotice>>();

  function sendKept(jobId: string): void {
    const notices = kept.get(jobId);
    kept.delete(jobId);
    for (const notice of notices?.values() ?? []) send(jobId, notice);
  }

  return {
    add(jobId: string, notice: JobNotice): void {
      if (notice.type === "finished") kept.delete(jobId);
      if (notice.type === "finished" || notice.type === "cancel_requested" || kept.size >= LINGERING_MAX) {
        sendKept(jobId);
        send(jobId, notice);
        return;
      }
      if (kept.size === 0) setTimeout(() => [...kept.keys()].forEach(sendKept), LINGER_MS).unref();
      const notices = kept.get(jobId) ?? new Map<JobNotice["type"], JobNotice>();
      // Set anew, so that what was told last goes out last.
      notices.delete(notice.type);
      kept.set(jobId, notices.set(notice.type, notice));
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
