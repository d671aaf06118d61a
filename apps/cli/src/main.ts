// The commands behind `npm run demo`, `npm start` and `npm run conformance`.
import { CONFORMANCE_USAGE, runConformance } from "./conformance.ts";
import { DEMO_USAGE, runDemo } from "./demo/demo.ts";
import { createInterruptSignal, Interrupted } from "./interrupt.ts";
import { runStart, START_USAGE } from "./start/start.ts";

interface Command {
  readonly usage: string;
  /** Gives the exit code, or throws an error whose message is for a person. */
  readonly run: (argv: readonly string[], signal: AbortSignal) => Promise<number>;
}

const commands: Readonly<Record<string, Command>> = {
  demo: { run: runDemo, usage: DEMO_USAGE },
  start: { run: runStart, usage: START_USAGE },
  conformance: { run: runConformance, usage: CONFORMANCE_USAGE },
};

/** What `parseArgs` throws names the argument and nothing else. */
const isBadArgument = (error: unknown) =>
  error instanceof Error && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");

async function run(name: string, argv: readonly string[]): Promise<number> {
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!command) {
    process.stderr.write(`There is no command "${name}". There are: ${Object.keys(commands).join(", ")}.\n`);
    return 2;
  }
  if (argv.includes("--help")) {
    process.stdout.write(`${command.usage}\n`);
    return 0;
  }
  const signal = createInterruptSignal();
  try {
    return await command.run(argv, signal);
  } catch (error) {
    // Whatever an interrupted command trips over last, it was interrupted.
    if (signal.reason instanceof Interrupted) return signal.reason.exitCode;
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    if (!isBadArgument(error)) return 1;
    process.stderr.write(`${command.usage}\n`);
    return 2;
  }
}

const [, , name = "", ...argv] = process.argv;
// pnpm passes the `--` on that npm swallows.
process.exitCode = await run(name, argv[0] === "--" ? argv.slice(1) : argv);
