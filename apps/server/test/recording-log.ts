import type { Log } from "../src/log.ts";

export interface RecordedLine {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface RecordingLog extends Log {
  /** Everything but debug lines, oldest first. */
  readonly lines: RecordedLine[];
}

/** A log that a test can read. */
export function createRecordingLog(): RecordingLog {
  const lines: RecordedLine[] = [];
  const write = (level: RecordedLine["level"]) => (fields: RecordedLine["fields"], message: string) =>
    void lines.push({ level, message, fields });
  const log: RecordingLog = {
    lines,
    debug() {},
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
    with: () => log,
  };
  return log;
}
