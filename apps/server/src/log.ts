type Fields = Readonly<Record<string, unknown>>;

/** One line per event, fields first. Implemented by `adapters/pino`. */
export interface Log {
  debug(fields: Fields, message: string): void;
  info(fields: Fields, message: string): void;
  warn(fields: Fields, message: string): void;
  error(fields: Fields, message: string): void;
  /** A log whose every line carries these fields too. */
  with(fields: Fields): Log;
}

/** The log of places that want none. */
export const silentLog: Log = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  with: () => silentLog,
};
