import { createServer, connect as dial, type Server, type Socket } from "node:net";

/** `pass` forwards; `blackhole` swallows, on open and on new connections; `cut` resets what is open and what comes. */
export type RouteMode = "pass" | "blackhole" | "cut";

export interface RouteOptions {
  readonly listenPort: number;
  readonly targetPort: number;
  /**
   * Requests whose line starts with this wait, each as long as the next of the delays says: files of a real render take longer than those
   * of a painted one.
   */
  readonly slow?: { readonly start: string; readonly delaysMs: readonly number[] };
}

/** One way between two processes, for any number of connections. */
export interface Route {
  setMode(mode: RouteMode): void;
  close(): Promise<void>;
}

function reset(socket: Socket): void {
  socket.on("error", () => undefined);
  socket.resetAndDestroy();
}

interface Carrying {
  readonly delayOf: (chunk: Buffer) => number;
  readonly isPassing: () => boolean;
}

/** Everything one socket says, to another; what was on its way when the network went arrives late, as after a real partition. */
function carry(from: Socket, to: Socket, { delayOf, isPassing }: Carrying): void {
  const forward = (chunk: Buffer) => {
    if (to.write(chunk) || from.destroyed) return;
    from.pause();
    to.once("drain", () => isPassing() && from.resume());
  };
  from.on("data", (chunk: Buffer) => {
    const delayMs = delayOf(chunk);
    if (delayMs > 0) setTimeout(() => forward(chunk), delayMs);
    else forward(chunk);
  });
  from.on("end", () => to.end());
  from.on("error", () => to.destroy());
  from.on("close", () => to.destroy());
}

export async function openRoute({ listenPort, targetPort, slow }: RouteOptions): Promise<Route> {
  let mode: RouteMode = "pass";
  const joined = new Set<Socket>();
  const waiting = new Set<Socket>();
  const isPassing = () => mode === "pass";
  let slowCount = 0;
  const delayOf = (chunk: Buffer) => {
    if (slow === undefined || chunk.toString("latin1", 0, slow.start.length) !== slow.start) return 0;
    return slow.delaysMs[slowCount++ % slow.delaysMs.length] ?? 0;
  };

  function join(near: Socket): void {
    const far = dial({ port: targetPort, host: "127.0.0.1", noDelay: true });
    carry(near, far, { delayOf, isPassing });
    carry(far, near, { delayOf: () => 0, isPassing });
    // One that was held has been paused, and a listener alone does not wake it.
    near.resume();
    for (const socket of [near, far]) {
      joined.add(socket);
      socket.once("close", () => joined.delete(socket));
    }
  }

  function hold(near: Socket): void {
    near.pause();
    waiting.add(near);
    near.on("error", () => waiting.delete(near));
    near.once("close", () => waiting.delete(near));
  }

  const admit = { pass: join, blackhole: hold, cut: reset };
  const server = createServer({ noDelay: true }, (near) => admit[mode](near));
  await listen(server, listenPort);
  return {
    setMode(next) {
      mode = next;
      for (const socket of joined) {
        if (next === "cut") reset(socket);
        else if (next === "blackhole") socket.pause();
        else socket.resume();
      }
      if (next === "blackhole") return;
      for (const socket of waiting) admit[next](socket);
      waiting.clear();
    },
    close: () =>
      new Promise((resolve) => {
        for (const socket of [...joined, ...waiting]) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) => reject(new Error(`Port ${port} cannot be listened on: ${error.message}`)));
    server.listen(port, "127.0.0.1", () => resolve());
  });
}
