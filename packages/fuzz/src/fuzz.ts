import { openAccounts } from "./campaign/accounts.ts";
import { runCampaign } from "./campaign/campaign.ts";
import type { FuzzOptions } from "./command-line.ts";
import { readOperations } from "./document/operations.ts";
import { isRecord, type Json } from "./document/schema.ts";
import { readJson } from "./memory/memory.ts";
import { type Report, toReport } from "./report/report.ts";
import { openStage } from "./stage/stage.ts";
import { createSend, type Send } from "./wire/send.ts";

const DOCUMENT_PATH = "/openapi.json";
const WATCH_MS = 500;

/** Starts the service, reads its document, and asks it everything. */
export async function fuzz(
  options: Omit<FuzzOptions, "jsonFile">,
  { signal, onProgress }: { readonly signal: AbortSignal; readonly onProgress?: (done: number) => void },
): Promise<Report> {
  const stage = await openStage();
  const { service, receiverUrl } = stage;
  const died = new AbortController();
  const watch = setInterval(() => service.isOver && died.abort(), WATCH_MS);
  try {
    using send = createSend(service.origin);
    const document = await readDocument(send);
    const accounts = await openAccounts(send);
    const startedMs = performance.now();
    const tally = await runCampaign({
      ...options,
      document,
      origin: service.origin,
      receiverUrl,
      send,
      accounts,
      signal: AbortSignal.any([signal, died.signal]),
      ...(onProgress && { onProgress }),
    });
    return toReport(tally, readOperations(document), {
      seed: options.seed,
      seconds: (performance.now() - startedMs) / 1_000,
      wanted: options.requestCount,
      serviceDied: service.isOver,
    });
  } finally {
    clearInterval(watch);
    await stage.close();
  }
}

async function readDocument(send: Send): Promise<Json> {
  const answer = await send({ method: "GET", target: DOCUMENT_PATH, headers: {} });
  const document = readJson(answer.bytes.toString("utf8"));
  if (!isRecord(document)) throw new Error(`The service gave no document at ${DOCUMENT_PATH}: ${answer.status}.`);
  return document;
}
