import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { ComfyClient, Kind, Results } from "@comfy/client";
import { checkout, toShownPath } from "../checkout.ts";
import { formatTable } from "../table.ts";
import { download } from "./download.ts";
import { type Generation, generations } from "./generations.ts";
import { createReporter, type Reporter, silentReporter } from "./reporter.ts";
import { withStage } from "./stage.ts";

/** One row of the table, and one entry of `--json`. */
interface Row {
  readonly kind: Kind;
  readonly way: Generation["way"];
  readonly jobId: string;
  /** Milliseconds from the request to the result. */
  readonly durationMs: number;
  /** Where the file is, seen from the checkout. */
  readonly file: string;
  readonly sizeBytes: number;
  readonly contentType: string;
  readonly linkWorks: boolean;
  readonly error?: string;
}

export const DEMO_USAGE = "Usage: npm run demo (-- --json prints one JSON object instead)";

/** Milliseconds the whole demo may take; it needs a twentieth of that on two free cores. */
const DEMO_TIMEOUT_MS = 300_000;

const SIMULATED =
  "The pictures, the voice and the video are simulated: an emulator painted them, no GPU and no model took part.";

const toMessage = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** Makes one, downloads it through its link, and tells how it went; what goes wrong is a row too. */
async function makeOne(
  generation: Generation,
  {
    client,
    made,
    reporter,
    signal,
  }: { client: ComfyClient; made: Map<Kind, Results[Kind]>; reporter: Reporter; signal: AbortSignal },
): Promise<Row> {
  const { kind, way } = generation;
  const activity = reporter.begin(`${kind} (${way})`);
  const startedMs = performance.now();
  let row: Row = { kind, way, jobId: "", durationMs: 0, file: "", sizeBytes: 0, contentType: "", linkWorks: false };
  try {
    const result = await generation.make(client, { signal, onProgress: activity.progress }, made);
    made.set(kind, result);
    row = { ...row, jobId: result.taskId, durationMs: Math.round(performance.now() - startedMs) };
    const folder = join(checkout, "out");
    const { file, ...rest } = await download({ kind, url: result.signedUrl, folder, signal });
    row = { ...row, ...rest, file: toShownPath(file), linkWorks: true };
    activity.end(row.file);
  } catch (error) {
    row = { ...row, error: toMessage(error) };
    activity.end(`failed: ${row.error}`);
    signal.throwIfAborted();
  }
  return row;
}

function toTable(rows: readonly Row[]): string {
  const columns = [
    { head: "kind" },
    { head: "job" },
    { head: "ms", align: "right" },
    { head: "file" },
    { head: "bytes", align: "right" },
    { head: "link works" },
  ] as const;
  const cells = rows.map((row) => [
    row.kind,
    row.jobId || "-",
    String(row.durationMs),
    row.file || "-",
    String(row.sizeBytes),
    row.linkWorks ? "yes" : `no: ${row.error}`,
  ]);
  return formatTable(columns, cells);
}

/** All rows, made on a stage that is up for as long as they take. */
async function makeAll(reporter: Reporter, signal: AbortSignal): Promise<{ rows: Row[]; isSimulated: boolean }> {
  const starting = reporter.begin("Starting a ComfyUI emulator and the service, with nothing but embedded defaults");
  return withStage(signal, async ({ client, server, emulator }) => {
    starting.end(server.ready.url);
    const { gpu } = await client.health({ signal });
    const made = new Map<Kind, Results[Kind]>();
    const rows: Row[] = [];
    const ending = new AbortController();
    const scene = async () => {
      const context = { client, made, reporter, signal: AbortSignal.any([signal, ending.signal]) };
      for (const generation of generations) rows.push(await makeOne(generation, context));
    };
    try {
      // A program that dies in the middle is told at once, with its last words, instead of by every request after it.
      await Promise.race([scene(), server.ended, emulator.ended]);
    } finally {
      ending.abort();
    }
    return { rows, isSimulated: gpu.simulated === true };
  });
}

/**
 * `npm run demo`: starts an emulator and the service, makes all four kinds through the SDK, downloads each through its signed link.
 * With `--json` one object on stdout and nothing else.
 */
export async function runDemo(argv: readonly string[], interrupt: AbortSignal): Promise<number> {
  const { values } = parseArgs({ args: [...argv], options: { json: { type: "boolean", default: false } } });
  const reporter = values.json ? silentReporter : createReporter(process.stdout);
  const printJson = (value: object) => {
    if (values.json) process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
  };
  const startedMs = performance.now();
  await mkdir(join(checkout, "out"), { recursive: true });
  const signal = AbortSignal.any([interrupt, AbortSignal.timeout(DEMO_TIMEOUT_MS)]);
  try {
    const { rows, isSimulated } = await makeAll(reporter, signal);
    const ok = rows.length === generations.length && rows.every(({ linkWorks }) => linkWorks);
    const durationMs = Math.round(performance.now() - startedMs);
    printJson({ ok, simulated: isSimulated, durationMs, jobs: rows });
    reporter.say(`\n${toTable(rows)}\n`);
    if (isSimulated) reporter.say(SIMULATED);
    const verdict = ok ? "All four kinds work" : "Not everything worked";
    reporter.say(`${verdict}; the files are in out/. Took ${(durationMs / 1_000).toFixed(1)} s.`);
    return ok ? 0 : 1;
  } catch (error) {
    printJson({ ok: false, error: toMessage(error) });
    throw error;
  }
}
