import { sleep } from "./deadline.ts";
import { readEventStream } from "./event-stream.ts";
import { paths } from "./generated/routes.ts";
import type { WireEvent } from "./generated/types.ts";
import { type JobAddress, type JobEvent, toJobPath } from "./job-events.ts";
import { toBackoffMs } from "./retry.ts";
import type { Transport } from "./transport.ts";

const KNOWN = /^(queued|running|progress|reconnecting)$/;

/** Lets through what is news: no repeats, no progress that goes back, nothing unknown. */
function createEventFilter<Result>(emit: (event: JobEvent<Result>) => void): (event: JobEvent<Result>) => void {
  let last = "";
  let value = -1;
  return (event) => {
    if (event.type === "progress") {
      if (!(event.value >= value)) return;
      value = event.value;
    }
    const text = JSON.stringify(event);
    if (text !== last && KNOWN.test(event.type)) emit(event);
    last = text;
  };
}

/** An event as it comes off the wire; the filter drops what it does not know and what only a read may decide. */
type News = Exclude<WireEvent, { type: "completed" | "failed" | "cancelled" }>;

/** The live side of a wait. */
export interface Progress<Result> {
  readonly emit: (event: JobEvent<Result>) => void;
  /** While no stream is open, the reads have to bring the news and must not be held for long. */
  isStreaming: boolean;
}

/**
 * Tells a job's events until the signal aborts or the service turns out to have no event stream. It only decorates: the reads decide
 * when a job has ended, so whatever goes wrong here (a proxy that buffers, a cut connection) costs progress, never the result.
 */
export function startProgress<Result>(
  transport: Transport,
  job: JobAddress,
  onEvent: (event: JobEvent<Result>) => void,
  signal: AbortSignal,
): Progress<Result> {
  const emit = createEventFilter(onEvent);
  const progress: Progress<Result> = { emit, isStreaming: false };
  void pushStream(transport, job, progress, emit, signal);
  return progress;
}

async function pushStream(
  transport: Transport,
  job: JobAddress,
  progress: { isStreaming: boolean },
  emit: (event: News) => void,
  signal: AbortSignal,
): Promise<void> {
  const headers: Record<string, string> = { Accept: "text/event-stream" };
  const call = { method: "GET", path: toJobPath(paths.events, job), headers };
  for (let failures = 0; failures < 5 && !signal.aborted; failures++) {
    try {
      const response = await transport.open(call, signal);
      const { status, body } = response;
      progress.isStreaming = status === 200 && /event-stream/.test(response.headers.get("Content-Type") ?? "");
      if (!progress.isStreaming || !body) {
        await body?.cancel();
        if (status < 500 && status !== 429) return;
        continue;
      }
      for await (const { id, data } of readEventStream(body)) {
        failures = 0;
        if (id) headers["Last-Event-ID"] = id;
        emit(JSON.parse(data));
      }
    } catch (error) {
      if (!signal.aborted) transport.log("debug", `The event stream of job ${job.id} broke: ${error}`);
    } finally {
      progress.isStreaming = false;
      await sleep(toBackoffMs(failures), signal).catch(() => {});
    }
  }
}
