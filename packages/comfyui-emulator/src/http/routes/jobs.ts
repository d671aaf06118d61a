import { isPythonList } from "../../python/values.ts";
import type { History } from "../../queue/history.ts";
import { type Job, listJobs, sortKey } from "../../queue/jobs.ts";
import type { PromptQueue } from "../../queue/prompt-queue.ts";
import { type Answer, json } from "../answer.ts";
import { type EmulatorRequest, readJsonObject } from "../request.ts";
import type { Route } from "../router.ts";

export interface JobRouteParts {
  readonly queue: PromptQueue;
  readonly history: History;
  readonly interrupt: () => void;
}

const STATUSES: readonly string[] = ["pending", "in_progress", "completed", "failed", "cancelled"];
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The jobs of newer servers. They are registered under `/api` itself, so there is no `/jobs`. */
export function jobRoutes(parts: JobRouteParts): readonly Route[] {
  const { queue, history } = parts;
  return [
    { method: "GET", path: "/api/jobs", handle: ({ query }) => answerList(listJobs(queue, history), query) },
    { method: "GET", path: "/api/jobs/{id}", handle: ({ params: { id = "" } }) => answerJob(parts, id) },
    {
      method: "POST",
      path: "/api/jobs/cancel",
      handle: async (request) => cancelMany(parts, request),
    },
    {
      method: "POST",
      path: "/api/jobs/{id}/cancel",
      handle: ({ params: { id = "" } }) => json({ cancelled: cancel(parts, id) }),
    },
  ];
}

function answerList(jobs: readonly Job[], query: URLSearchParams): Answer {
  const wanted = query.get("status")?.split(",");
  const unknown = wanted?.find((status) => !STATUSES.includes(status));
  if (unknown !== undefined) return refuse(`Invalid status value(s): ${unknown}. Valid values: ${STATUSES.join(", ")}`);
  const by = query.get("sort_by") ?? "created_at";
  if (by !== "created_at" && by !== "execution_duration")
    return refuse("sort_by must be created_at or execution_duration");
  const order = query.get("sort_order") ?? "desc";
  if (order !== "asc" && order !== "desc") return refuse("sort_order must be asc or desc");
  const [offset, limit] = [toCount(query.get("offset")), toCount(query.get("limit"))];
  if (offset === "wrong" || limit === "wrong") return refuse("limit and offset must be whole numbers of at least 0");
  const workflow = query.get("workflow_id");
  const matching = jobs
    .filter(({ status }) => wanted === undefined || wanted.includes(status))
    .filter((job) => workflow === null || job.workflow_id === workflow)
    .toSorted((a, b) => (order === "asc" ? 1 : -1) * (sortKey(a, by) - sortKey(b, by)));
  const start = offset ?? 0;
  const page = matching.slice(start, limit === undefined ? undefined : start + limit);
  const total = matching.length;
  const pagination = { offset: start, limit: limit ?? null, total, has_more: start + page.length < total };
  return json({ jobs: page, pagination });
}

function answerJob({ queue, history }: JobRouteParts, id: string): Answer {
  const job = listJobs(queue, history).find((candidate) => candidate.id === id);
  if (job === undefined) return json({ error: "Job not found" }, 404);
  const entry = history.entries.get(id);
  const waiting = [...queue.pending, ...queue.running].find(({ promptId }) => promptId === id);
  const prompt = entry?.prompt[2] ?? waiting?.graph;
  const extra_data = entry?.prompt[3] ?? waiting?.extraData;
  const more = { outputs: entry?.outputs, execution_status: entry?.status, workflow: { prompt, extra_data } };
  return json({ ...job, ...more });
}

function cancel({ queue, interrupt }: JobRouteParts, id: string): boolean {
  if (queue.running.some(({ promptId }) => promptId === id)) {
    interrupt();
    return true;
  }
  return queue.remove(id);
}

async function cancelMany(parts: JobRouteParts, request: EmulatorRequest): Promise<Answer> {
  const { job_ids: ids } = await readJsonObject(request);
  if (!isPythonList(ids)) return refuse("job_ids must be a list");
  const invalid = ids.filter((id) => typeof id !== "string" || !UUID.test(id));
  if (invalid.length > 0) return json({ error: "job_ids must be UUIDs", invalid_ids: invalid }, 400);
  const cancelled = ids.map((id) => cancel(parts, String(id)));
  return json({ cancelled: cancelled.some((done) => done) });
}

function refuse(error: string): Answer {
  return json({ error }, 400);
}

function toCount(value: string | null): number | undefined | "wrong" {
  if (value === null) return undefined;
  return /^\d+$/.test(value) ? Number(value) : "wrong";
}
