import { isPythonObject, PythonFloat, type PythonJson } from "../python/values.ts";
import type { History, HistoryEntry } from "./history.ts";
import type { PromptQueue } from "./prompt-queue.ts";
import type { QueueItem } from "./queue-item.ts";

export type JobStatus = "pending" | "in_progress" | "completed" | "failed" | "cancelled";

/** A prompt in the words of the newer `/api/jobs`. Absent members are left out of answers. */
export interface Job {
  readonly id: string;
  readonly status: JobStatus;
  readonly priority: unknown;
  readonly create_time: unknown;
  readonly execution_start_time?: number | undefined;
  readonly execution_end_time?: number | undefined;
  readonly execution_error?: unknown;
  readonly outputs_count: number;
  readonly previewable_outputs_count: number;
  readonly preview_output?: unknown;
  readonly workflow_id?: unknown;
}

/** Everything that waits, runs or is done, in that order. */
export function listJobs(queue: PromptQueue, history: History): Job[] {
  return [
    ...queue.pending.map((item) => toWaitingJob(item, "pending")),
    ...queue.running.map((item) => toWaitingJob(item, "in_progress")),
    ...[...history.entries].map(([id, entry]) => toFinishedJob(id, entry)),
  ];
}

function toWaitingJob(item: QueueItem, status: JobStatus): Job {
  const { promptId: id, number: priority, extraData } = item;
  return { id, status, priority, ...extraFacts(extraData), outputs_count: 0, previewable_outputs_count: 0 };
}

export function toFinishedJob(id: string, entry: HistoryEntry): Job {
  const [priority, , , extraData] = entry.prompt;
  const messages = new Map(entry.status.messages);
  const error = messages.get("execution_error");
  const interrupted = messages.get("execution_interrupted");
  const end = error ?? interrupted ?? messages.get("execution_success");
  const files = listFiles(entry.outputs);
  const shown = files.filter(({ file }) => /\.(png|jpe?g|webp|gif|mp4|webm|mp3|flac|wav|opus)$/i.test(file.filename));
  const preview = shown[0];
  return {
    id,
    status: entry.status.completed ? "completed" : interrupted === undefined ? "failed" : "cancelled",
    priority,
    ...extraFacts(isPythonJsonObject(extraData) ? extraData : null),
    execution_start_time: timestampOf(messages.get("execution_start")),
    execution_end_time: timestampOf(end),
    execution_error: error,
    outputs_count: files.length,
    previewable_outputs_count: shown.length,
    preview_output: preview && { ...preview.file, nodeId: preview.nodeId, mediaType: preview.key },
  };
}

function isPythonJsonObject(value: unknown): value is PythonJson {
  return isPythonObject(value);
}

function extraFacts(extraData: PythonJson): { create_time: unknown; workflow_id?: unknown } {
  if (!isPythonObject(extraData)) return { create_time: undefined };
  const { create_time, extra_pnginfo } = extraData;
  const workflow = isPythonObject(extra_pnginfo) ? extra_pnginfo.workflow : undefined;
  return { create_time, workflow_id: isPythonObject(workflow) ? workflow.id : undefined };
}

function timestampOf(message: unknown): number | undefined {
  const isStamped = typeof message === "object" && message !== null && "timestamp" in message;
  return isStamped ? Number(message.timestamp) : undefined;
}

interface ShownFile {
  readonly nodeId: string;
  readonly key: string;
  readonly file: { readonly filename: string };
}

function listFiles(outputs: Readonly<Record<string, unknown>>): ShownFile[] {
  return Object.entries(outputs).flatMap(([nodeId, output]) =>
    Object.entries(typeof output === "object" && output !== null ? output : {}).flatMap(
      ([key, items]: [string, unknown]) =>
        (Array.isArray(items) ? items : []).filter(isFile).map((file) => ({ nodeId, key, file })),
    ),
  );
}

function isFile(item: unknown): item is { filename: string } {
  return typeof item === "object" && item !== null && "filename" in item && typeof item.filename === "string";
}

/** How jobs are sorted: when they came, or how long they ran. Jobs without the number come first. */
export function sortKey(job: Job, by: "created_at" | "execution_duration"): number {
  if (by === "created_at") {
    return job.create_time instanceof PythonFloat ? job.create_time.value : Number(job.create_time ?? 0);
  }
  const { execution_start_time: start, execution_end_time: end } = job;
  return start === undefined || end === undefined ? 0 : end - start;
}
