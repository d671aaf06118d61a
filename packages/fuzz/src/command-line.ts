import { parseArgs } from "node:util";

export const USAGE = `Usage: npm run fuzz -- [options]

  --requests N     how many (default 20000)
  --seed N         repeats what a run drew (default: chosen and printed)
  --concurrency N  requests at once (default 12)
  --json FILE      writes the report
  --help
`;

const OPTIONS = {
  requests: { type: "string" },
  seed: { type: "string" },
  concurrency: { type: "string" },
  json: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

export interface FuzzOptions {
  readonly requestCount: number;
  readonly seed: number;
  readonly concurrency: number;
  readonly jsonFile: string | undefined;
}

/** Reads the command line; "help" when it asks for that. @throws Error with one sentence about what is wrong */
export function parseCommandLine(args: readonly string[]): FuzzOptions | "help" {
  const { values } = parseArgs({ args: [...args], options: OPTIONS });
  if (values.help === true) return "help";
  const toCount = (name: "requests" | "seed" | "concurrency", fallback: number) => {
    const value = Number(values[name] ?? fallback);
    if (!Number.isSafeInteger(value) || value < 1)
      throw new Error(`--${name}: expected a whole number of at least 1, got "${values[name]}"`);
    return value;
  };
  return {
    requestCount: toCount("requests", 20_000),
    seed: toCount("seed", 1 + Math.floor(Math.random() * 1_000_000)),
    concurrency: toCount("concurrency", 12),
    jsonFile: values.json,
  };
}
