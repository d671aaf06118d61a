import { spawn } from "node:child_process";
import { constants } from "node:os";

const SIGNALS = /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"]);
/** A Ctrl-C reaches a child from the terminal, from npm and from here: within this time they are one. */
const SAME_SIGNAL_MS = 1_000;

/**
 * Runs a command to its end with this process's signals passed on, and gives the exit code a shell would give.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {import("node:child_process").SpawnOptions} options
 * @returns {Promise<number>}
 */
export function runChild(command, args, options) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: "inherit", ...options });
    let passedAtMs = 0;
    /** @param {NodeJS.Signals} signal */
    const pass = (signal) => {
      if (Date.now() - passedAtMs < SAME_SIGNAL_MS) return;
      passedAtMs = Date.now();
      child.kill(signal);
    };
    for (const signal of SIGNALS) process.on(signal, pass);
    const release = () => {
      for (const signal of SIGNALS) process.off(signal, pass);
    };
    child.once("error", (error) => {
      release();
      reject(error);
    });
    child.once("close", (code, signal) => {
      release();
      resolve(code ?? 128 + (signal ? constants.signals[signal] : 0));
    });
  });
}
