import packageFile from "../package.json" with { type: "json" };
import { createLog } from "./adapters/pino/create-log.ts";
import { compose } from "./compose.ts";
import { ConfigError, parseConfig } from "./config.ts";
import { toAppError } from "./errors.ts";

/** Reads the environment, starts the service, and stops it in order when it is told to. */
async function main(): Promise<void> {
  const config = parseConfig(process.env);
  const log = createLog({ level: config.logLevel });
  const { version } = packageFile;
  const service = await compose(config, { log, version });
  const { lifecycle } = service;

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

/** Whoever started the process waits for this line, so it is written at every log level. */
function announce(fields: Readonly<Record<string, string>>): void {
  const line = { level: "info", time: new Date().toISOString(), ...fields, msg: "The service is ready." };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

main().catch((error: unknown) => {
  const sentence = error instanceof ConfigError ? error.message : `The service did not start: ${describe(error)}`;
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
});

function describe(error: unknown): string {
  const { cause, message } = toAppError(error);
  return cause instanceof Error ? cause.message : message;
}
