import { readJournal } from "./journal.ts";
import type { ClientRecord, RenderRecord, StrikeRecord, WebhookRecord } from "./records.ts";

/** A line of an emulator's log, as far as it is read here. */
interface EmulatorLine {
  readonly event: "accepted" | "finished";
  readonly at: number;
  readonly prompt_id: string;
  readonly status?: string;
  readonly extra_data?: { readonly comfy_service?: { readonly job?: string } };
}

/** The log of one emulator. */
export function readRenders(file: string, backend: string): RenderRecord[] {
  // Our own emulator wrote it: its README says what is in a line.
  const lines = readJournal(file) as EmulatorLine[];
  return lines.map(({ event, at, prompt_id, status, extra_data }) => {
    const jobId = extra_data?.comfy_service?.job;
    return {
      event,
      at,
      backend,
      promptId: prompt_id,
      ...(jobId !== undefined && { jobId }),
      ...(status !== undefined && { status }),
    };
  });
}

// The next three were written by this package, line by line, as these types.
export const readClient = (file: string) => readJournal(file) as ClientRecord[];
export const readWebhooks = (file: string) => readJournal(file) as WebhookRecord[];
export const readStrikes = (file: string) => readJournal(file) as StrikeRecord[];
