/** A Ctrl-C arrives from the terminal, from npm and from the script in between: within this time they are one. */
const SAME_INTERRUPT_MS = 1_500;

/** The reason a command was stopped from outside; its exit code is the one a shell would give. */
export class Interrupted extends Error {
  readonly exitCode: number;

  constructor(name: "SIGINT" | "SIGTERM" | "SIGHUP") {
    super(`Stopped by ${name}.`);
    this.name = "Interrupted";
    this.exitCode = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 }[name];
  }
}

/**
 * A signal that aborts on Ctrl-C or a termination, so that a command can tidy up. Whoever asks again a moment later is not made to wait:
 * the process exits at once (and takes its children along, see `startChild`).
 */
export function createInterruptSignal(): AbortSignal {
  const controller = new AbortController();
  let firstAtMs: number | undefined;
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => {
      const reason = new Interrupted(name);
      if (firstAtMs !== undefined && Date.now() - firstAtMs > SAME_INTERRUPT_MS) process.exit(reason.exitCode);
      firstAtMs ??= Date.now();
      controller.abort(reason);
    });
  }
  return controller.signal;
}
