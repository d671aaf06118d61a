import { createServer, type Server } from "node:http";
import { setTimeout } from "node:timers/promises";
import { type ComfyUi, startComfyUi } from "./comfyui.ts";
import type { FaultChange, FaultSettings } from "./faults/fault-state.ts";
import { createFaults, type FaultActions } from "./faults/faults.ts";
import { openFolders } from "./files/folders.ts";
import { createPainter } from "./media/painting/painter.ts";
import type { EmulatorOptions } from "./options.ts";

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
  const host = options.host ?? "127.0.0.1";
  const faults = createFaults(options.faults);
  const folders = openFolders(options.baseDirectory);
  const painter = createPainter();
  const onTrouble = options.onTrouble ?? (() => undefined);
  let port = options.port ?? 0;
  let life: ComfyUi = start();
  let server = createHttpServer();
  let changing: Promise<void> = Promise.resolve();
  let isClosed = false;

  function start(): ComfyUi {
    return startComfyUi(options, { folders, faults, painter, port: () => port, act, onTrouble });
  }

  function createHttpServer(): Server {
    const made = createServer({ requestTimeout: 0 }, (request, response) => life.onRequest(request, response));
    made.on("upgrade", (request, stream, head) => life.onUpgrade(request, stream, head));
    return made;
  }

  function act({ dropSockets, restartDownMs }: FaultActions): void {
    if (dropSockets) life.dropSockets();
    // The answer to this very request should still get out.
    if (restartDownMs !== undefined) {
      setTimeout(20)
        .then(() => restart({ downMs: restartDownMs }))
        .catch((error: unknown) => onTrouble(`the restart failed: ${String(error)}`));
    }
  }

  async function stop(): Promise<void> {
    life.stop();
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
  }

  /** One change at a time: a restart during a restart would take the port twice. */
  function restart({ downMs = 0 }: { downMs?: number } = {}): Promise<void> {
    changing = changing.then(async () => {
      if (isClosed) return;
      await stop();
      await setTimeout(downMs);
      life = start();
      server = createHttpServer();
      await listen(server, port, host);
    });
    return changing;
  }

  try {
    port = await listen(server, port, host);
  } catch (error) {
    life.stop();
    folders.dispose();
    throw error;
  }

  return {
    get url() {
      return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
    },
    get port() {
      return port;
    },
    baseDirectory: folders.base,
    restart,
    setFaults(change) {
      act(faults.change(change));
      return faults.settings;
    },
    async close() {
      await changing.catch(() => undefined);
      if (isClosed) return;
      isClosed = true;
      await stop();
      await painter.close();
      folders.wipeTemp();
      folders.dispose();
    },
  };
}

async function listen(server: Server, port: number, host: string): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("the emulator listens on no port");
  return address.port;
}
