/** What the emulator and the server print, as one JSON object on one line, when they accept requests. */
export interface ReadyLine {
  readonly event: "ready";
  /** Where it listens, without a slash at the end. */
  readonly url: string;
  /** Where its documentation can be read, if it has any. */
  readonly docsUrl?: string;
}

/** The ready line, or undefined for every other line a program prints. */
export function parseReadyLine(line: string): ReadyLine | undefined {
  if (!line.startsWith("{")) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  const { event, url, docsUrl } = Object(value) as Record<string, unknown>;
  if (event !== "ready" || typeof url !== "string" || !URL.canParse(url)) return undefined;
  const shown = url.replace(/\/+$/, "");
  return typeof docsUrl === "string" && URL.canParse(docsUrl, url)
    ? { event, url: shown, docsUrl: new URL(docsUrl, url).href }
    : { event, url: shown };
}
