import { setTimeout } from "node:timers/promises";
import { type ComfyUi, startComfyUi } from "./comfyui.ts";
import type { FaultChange, FaultSettings } from "./faults/fault-state.ts";
import { createFaults, type FaultActions } from "./faults/faults.ts";
import { openFolders } from "./files/folders.ts";
import { openPort } from "./http/port.ts";
import { createPainter } from "./media/painting/painter.ts";
import type { EmulatorOptions } from "./options.ts";

/** The answer to the request that asks for a restart should still get out. */
const RESTART_NOTICE_MS = 20;

export interface Emulator {
  /** `http://127.0.0.1:PORT`, without a slash at the end. */
  readonly url: string;
  readonly port: number;
  /** Where `input/`, `output/` and `temp/` lie. */
  readonly baseDirectory: string;
  /** Forgets queue, history, cache and counter, wipes `temp/`, and comes back on the same port. */
  restart(options?: { downMs?: number }): Promise<void>;
  /** Changes what goes wrong; see `POST /emulator/faults`. Returns the settings. */
  setFaults(change: FaultChange): Readonly<FaultSettings>;
  /** Cuts all connections, stops the worker, frees the port; removes the base directory if it was made for this run. */
  close(): Promise<void>;
}

/**
 * Starts a ComfyUI without GPU or weights: the protocol is real, the pictures are painted and say so.
 *
 * @throws Error when the port is taken or the faults are wrong.
 * @example
 * const emulator = await createEmulator({ speed: 100 });
 * await fetch(`${emulator.url}/system_stats`);
 * await emulator.close();
 */
export async function createEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const { host = "127.0.0.1", onTrouble = () => undefined } = options;
  const faults = createFaults(options.faults);
  const folders = openFolders(options.baseDirectory);
  const painter = createPainter();
  const process = createProcess(options, (port) =>
    startComfyUi(options, { folders, faults, painter, port, act, onTrouble }),
  );

  function act({ dropSockets, restartDownMs }: FaultActions): void {
    if (dropSockets) process.dropSockets();
    if (restartDownMs === undefined) return;
    setTimeout(RESTART_NOTICE_MS)
      .then(() => process.restart(restartDownMs))
      .catch((error: unknown) => onTrouble(`the restart failed: ${String(error)}`));
  }

  async function dispose(): Promise<void> {
    await painter.close();
    folders.dispose();
  }

  async function close(): Promise<void> {
    await process.stop();
    folders.wipeTemp();
    await dispose();
  }

  let closing: Promise<void> | undefined;
  await process.start().catch(async (error: unknown) => {
    await dispose();
    throw error;
  });
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${process.port()}`,
    port: process.port(),
    baseDirectory: folders.base,
    restart: ({ downMs = 0 } = {}) => process.restart(downMs),
    setFaults: (change) => {
      act(faults.change(change));
      return faults.settings;
    },
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

/** The port and what answers on it, life after life. Changes happen one after the other, never at the same time. */
function createProcess(options: EmulatorOptions, live: (port: () => number) => ComfyUi) {
  const { host = "127.0.0.1" } = options;
  let port = options.port ?? 0;
  let running: { readonly life: ComfyUi; readonly close: () => Promise<void> } | undefined;
  let isStopped = false;
  let changing: Promise<void> = Promise.resolve();

  async function start(): Promise<void> {
    const life = live(() => port);
    try {
      const opened = await openPort(life, port, host);
      port = opened.port;
      running = { life, close: opened.close };
    } catch (error) {
      life.stop();
      throw error;
    }
  }

  async function end(): Promise<void> {
    running?.life.stop();
    await running?.close();
    running = undefined;
  }

  function inTurn(change: () => Promise<void>): Promise<void> {
    const turn = changing.then(change);
    changing = turn.catch(() => undefined);
    return turn;
  }

  return {
    port: () => port,
    start: () => inTurn(start),
    dropSockets: () => running?.life.dropSockets(),
    restart: (downMs: number) =>
      inTurn(async () => {
        if (isStopped) return;
        await end();
        await setTimeout(downMs);
        await start();
      }),
    stop: () =>
      inTurn(async () => {
        if (isStopped) return;
        isStopped = true;
        await end();
      }),
  };
}
