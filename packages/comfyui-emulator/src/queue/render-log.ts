import { appendFileSync } from "node:fs";
import { toPythonJson } from "../python/print-json.ts";
import type { RunRecord } from "./history.ts";
import type { QueueItem } from "./queue-item.ts";

/** An append-only account of what was asked for and what was made, one JSON line each: what audits count. */
export interface RenderLog {
  accepted(item: QueueItem): void;
  finished(item: QueueItem, record: RunRecord, startedAt: number): void;
}

/** Lines are written at once and in place, so they survive a killed process. Without a path nothing is kept. */
export function createRenderLog(path: string | undefined): RenderLog {
  const write = (event: string, item: QueueItem, more: Readonly<Record<string, unknown>>): void => {
    if (path === undefined) return;
    const line = { event, at: Date.now(), prompt_id: item.promptId, number: item.number, extra_data: item.extraData };
    appendFileSync(path, `${toPythonJson({ ...line, ...more })}\n`);
  };
  return {
    accepted: (item) => write("accepted", item, { outputs_to_execute: item.outputs }),
    finished: (item, record, startedAt) => {
      const last = record.status.messages.at(-1)?.[0];
      write("finished", item, {
        status: last,
        started_at: startedAt,
        finished_at: Date.now(),
        outputs: record.outputs,
      });
    },
  };
}
