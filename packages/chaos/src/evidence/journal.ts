import { appendFileSync, existsSync, readFileSync } from "node:fs";

/** An append-only file of JSON lines. Written in place, so that a line that was written stays written. */
export interface Journal<Line> {
  readonly file: string;
  write(line: Line): void;
}

export function createJournal<Line>(file: string): Journal<Line> {
  appendFileSync(file, "");
  return { file, write: (line) => appendFileSync(file, `${JSON.stringify(line)}\n`) };
}

/**
 * The lines of a journal. A last line without an end is the mark of a writer that was killed in the middle of it: it is left out.
 * @throws SyntaxError for any other line that is no JSON.
 */
export function readJournal(file: string): unknown[] {
  if (!existsSync(file)) return [];
  const text = readFileSync(file, "utf8");
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  return whole
    .split("\n")
    .filter((line) => line !== "")
    .map((line): unknown => JSON.parse(line));
}
