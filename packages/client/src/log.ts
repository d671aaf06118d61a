import { readEnvironment } from "./environment.ts";
import type { ClientOptions, Logger } from "./options.ts";

const LEVELS = ["debug", "info", "warn", "error", "off"];

/** Writes a line when its level is asked for. */
export type Log = (level: keyof Logger, message: string) => void;

export function createLog(options: ClientOptions): Log {
  return (level, message) => {
    const least = LEVELS.indexOf(options.logLevel ?? readEnvironment("COMFY_LOG") ?? "warn");
    if (LEVELS.indexOf(level) >= (least < 0 ? 2 : least)) (options.logger ?? console)[level](`[comfy] ${message}`);
  };
}
