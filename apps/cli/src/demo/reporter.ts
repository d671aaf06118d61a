/** Tells a person what is going on. */
export interface Reporter {
  /** A sentence of its own line. */
  say(text: string): void;
  /** Shows that something is under way; call the returned function with how it ended. */
  begin(label: string): Activity;
}

export interface Activity {
  /** `value` from 0 to 1, when it is known. */
  progress(value: number): void;
  end(outcome: string): void;
}

const silentActivity: Activity = { progress: () => {}, end: () => {} };
export const silentReporter: Reporter = { say: () => {}, begin: () => silentActivity };

const BAR_WIDTH = 20;
const TICK_MS = 200;

const toBar = (value: number) => {
  const filled = Math.round(Math.min(1, Math.max(0, value)) * BAR_WIDTH);
  return `[${"#".repeat(filled)}${".".repeat(BAR_WIDTH - filled)}]`;
};

const toSeconds = (startedMs: number) => `${((performance.now() - startedMs) / 1_000).toFixed(1)} s`;

/** On a terminal a line that is redrawn; elsewhere (a log, a pipe) one line at the start and one at the end. */
export function createReporter(stream: NodeJS.WriteStream): Reporter {
  const isLive = stream.isTTY === true;
  return {
    say: (text) => void stream.write(`${text}\n`),
    begin(label) {
      const startedMs = performance.now();
      let value: number | undefined;
      const draw = () => {
        const bar = value === undefined ? "" : ` ${toBar(value)}`;
        stream.write(`\r\u001b[2K${label}${bar} ${toSeconds(startedMs)}`);
      };
      if (!isLive) stream.write(`${label} …\n`);
      const timer = isLive ? setInterval(draw, TICK_MS) : undefined;
      timer?.unref();
      return {
        progress: (next) => {
          value = next;
        },
        end: (outcome) => {
          clearInterval(timer);
          stream.write(`${isLive ? "\r\u001b[2K" : ""}${label}: ${outcome} (${toSeconds(startedMs)})\n`);
        },
      };
    },
  };
}
