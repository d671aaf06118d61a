/** Where the client tells what it survived: a lost socket, a strange message. One line per event, fields first. */
export interface ComfyUiLog {
  debug(fields: Readonly<Record<string, unknown>>, message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
}

export const silentLog: ComfyUiLog = { debug() {}, warn() {} };
