// The commands behind `npm run demo`, `npm start` and `npm run conformance`.
import { runConformance } from "./conformance.ts";
import { runDemo } from "./demo/demo.ts";
import { createInterruptSignal, Interrupted } from "./interrupt.ts";
import { runStart } from "./start/start.ts";

/** A command gives its exit code, or throws an error whose message is for a person. */
type Command = (argv: readonly string[], signal: AbortSignal) => Promise<number>;

const commands: Readonly<Record<string, Command>> = { demo: runDemo, start: runStart, conformance: runConformance };

async function run(name: string, argv: readonly string[]): Promise<number> {
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!command) {
    process.stderr.write(`There is no command "${name}". There are: ${Object.keys(commands).join(", ")}.\n`);
    return 2;
  }
  const signal = createInterruptSignal();
  try {
    return await command(argv, signal);
  } catch (error) {
    // Whatever an interrupted command trips over last, it was interrupted.
    if (signal.reason instanceof Interrupted) return signal.reason.exitCode;
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    return 1;
  }
}

const [, , name = "", ...argv] = process.argv;
// pnpm passes the `--` on that npm swallows.
process.exitCode = await run(name, argv[0] === "--" ? argv.slice(1) : argv);
