import packageFile from "../package.json" with { type: "json" };
import { createLog } from "./adapters/pino/create-log.ts";
import { runDataCommand } from "./compose/move-data.ts";
import { compose } from "./compose.ts";
import { parseDataConfig } from "./config/data-command.ts";
import { type Config, ConfigError, parseConfig } from "./config.ts";
import { toAppError } from "./errors.ts";
import type { Log } from "./log.ts";

/** Reads the environment, starts the service, and stops it in order when it is told to. */
async function serve(): Promise<void> {
  const config = parseConfig(process.env);
  const log = createLog({ level: config.logLevel });
  const { version } = packageFile;
  const service = await compose(config, { log, version });
  const { lifecycle } = service;
  warnOfGaps(config, log);

  let isAsked = false;
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      // The second signal means it: whatever is under way is taken up at the next start.
      if (isAsked) process.exit(130);
      isAsked = true;
      log.info({ signal }, "Shutting down: no new work, what runs may end.");
      void lifecycle.shutDown().then(() => process.exit(0));
    });
  }
  process.on("uncaughtException", (error) => {
    log.error({ error }, "Something was thrown that nobody caught; the process ends and is taken up where it was.");
    process.exit(1);
  });
  await lifecycle.start();
  announce({ event: "ready", url: service.url, docsUrl: `${service.url}/docs`, version });
}

async function main(): Promise<void> {
  const [command, ...args] = process.argv.slice(2);
  if (command === undefined) return serve();
  if (command !== "db") throw new Error(`There is no command ${command}: expected none, or db.`);
  const log = createLog({ level: "warn" });
  process.stdout.write(`${await runDataCommand(args, parseDataConfig(process.env), log)}\n`);
}

function warnOfGaps({ unusedVariables, publicUrl, host }: Config, log: Log): void {
  if (unusedVariables.length > 0)
    log.warn({ variables: unusedVariables }, "These variables are set, but this version does nothing with them.");
  if (publicUrl === undefined && ["0.0.0.0", "::"].includes(host))
    log.warn({}, "PUBLIC_URL is not set: signed links name 127.0.0.1 and open on this machine only.");
}

/** Whoever started the process waits for this line, so it is written at every log level. */
function announce(fields: Readonly<Record<string, string>>): void {
  const line = { level: "info", time: new Date().toISOString(), ...fields, msg: "The service is ready." };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

main().catch((error: unknown) => {
  const isCommand = process.argv.length > 2;
  const sentence = error instanceof ConfigError ? error.message : describe(error);
  process.stderr.write(error instanceof ConfigError || isCommand ? "" : "The service did not start: ");
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
});

function describe(error: unknown): string {
  const { cause, message } = toAppError(error);
  return cause instanceof Error ? cause.message : message;
}
