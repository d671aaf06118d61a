import { type DestinationStream, type LevelWithSilent, type Logger, pino } from "pino";
import type { Log } from "../../log.ts";
import { redact } from "./redact.ts";

export interface LogOptions {
  readonly level: LevelWithSilent;
  /** Where lines go; standard output when absent. */
  readonly destination?: DestinationStream;
}

/**
 * A log of JSON lines. Keys, signatures and secrets are struck out wherever they stand, signed links lose their signature, and an
 * `error` field carries its stack and causes.
 *
 * @example createLog({ level: "info" }).info({ jobId }, "Job accepted.");
 */
export function createLog({ level, destination }: LogOptions): Log {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return toLog(pino(options, destination ?? createOutput()));
}

/**
 * Standard output, written once per turn of the event loop: a busy process says hundreds of lines a second, and each write of its own
 * wakes whoever reads them. What was said is out before the process ends, unless it is killed in that very turn.
 */
function createOutput(): DestinationStream {
  const output = pino.destination({ dest: 1, minLength: 16 * 1024 - 1, sync: true });
  let isDue = false;
  const flush = () => {
    isDue = false;
    // Not flushSync: that one goes on for ever when whoever read our output has gone, and syncs a file each time.
    output.flush();
  };
  process.on("exit", flush);
  return {
    write(line) {
      output.write(line);
      if (isDue) return;
      isDue = true;
      setImmediate(flush);
    },
  };
}

function toLog(logger: Logger): Log {
  return {
    debug: (fields, message) => write(logger, "debug", fields, message),
    info: (fields, message) => write(logger, "info", fields, message),
    warn: (fields, message) => write(logger, "warn", fields, message),
    error: (fields, message) => write(logger, "error", fields, message),
    with: (fields) => toLog(logger.child(toLine(fields))),
  };
}

type Level = "debug" | "info" | "warn" | "error";
type Fields = Readonly<Record<string, unknown>>;

function write(logger: Logger, level: Level, fields: Fields, message: string): void {
  if (logger.isLevelEnabled(level)) logger[level](toLine(fields), redact(message));
}

function toLine(fields: Fields): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, redact(value, name)]));
}
