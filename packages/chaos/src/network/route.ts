import { createServer, connect as dial, type Server, type Socket } from "node:net";

/** `pass` forwards; `blackhole` swallows, on open and on new connections; `cut` resets what is open and what comes. */
export type RouteMode = "pass" | "blackhole" | "cut";

export interface RouteOptions {
  readonly listenPort: number;
  readonly targetPort: number;
  /** Requests whose line starts with this wait so long: files of a real render take longer than those of a painted one. */
  readonly slow?: { readonly start: string; readonly delayMs: number };
}

/** One TCP connection between two processes, of which there may be many at once. */
export interface Route {
  setMode(mode: RouteMode): void;
  close(): Promise<void>;
}

interface Link {
  readonly sockets: readonly [Socket, Socket];
}

export async function openRoute({ listenPort, targetPort, slow }: RouteOptions): Promise<Route> {
  let mode: RouteMode = "pass";
  const links = new Set<Link>();
  const waiting = new Set<Socket>();

  const reset = (socket: Socket) => {
    socket.on("error", () => undefined);
    socket.resetAndDestroy();
  };

  function join(near: Socket): void {
    const far = dial({ port: targetPort, host: "127.0.0.1" });
    const link: Link = { sockets: [near, far] };
    links.add(link);
    carry(near, far, (chunk) => (slow && chunk.toString("latin1", 0, 64).startsWith(slow.start) ? slow.delayMs : 0));
    carry(far, near, () => 0);
    for (const socket of link.sockets) socket.once("close", () => links.delete(link));
  }

  function carry(from: Socket, to: Socket, delayOf: (chunk: Buffer) => number): void {
    from.on("data", (chunk: Buffer) => {
      const forward = () => {
        // Paused while the network is away: what was on its way arrives late, as it does when a partition heals.
        if (!to.write(chunk) && !from.destroyed) {
          from.pause();
          to.once("drain", () => mode === "pass" && from.resume());
        }
      };
      const delayMs = delayOf(chunk);
      if (delayMs > 0) setTimeout(forward, delayMs);
      else forward();
    });
    from.on("end", () => to.end());
    from.on("error", () => to.destroy());
    from.on("close", () => to.destroy());
  }

  function admit(near: Socket): void {
    near.setNoDelay(true);
    if (mode === "cut") return reset(near);
    if (mode === "pass") return join(near);
    near.pause();
    waiting.add(near);
    near.on("error", () => waiting.delete(near));
    near.once("close", () => waiting.delete(near));
  }

  const server = await listen(createServer({ pauseOnConnect: false }, admit), listenPort);
  return {
    setMode(next) {
      mode = next;
      for (const { sockets } of links) {
        for (const socket of sockets) {
          if (next === "cut") reset(socket);
          else if (next === "blackhole") socket.pause();
          else socket.resume();
        }
      }
      if (next === "blackhole") return;
      for (const socket of waiting) {
        if (next === "cut") reset(socket);
        else join(socket);
      }
      waiting.clear();
    },
    close: () =>
      new Promise((resolve) => {
        for (const { sockets } of links) for (const socket of sockets) socket.destroy();
        for (const socket of waiting) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

function listen(server: Server, port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) => reject(new Error(`Port ${port} cannot be listened on: ${error.message}`)));
    server.listen(port, "127.0.0.1", () => resolve(server));
  });
}
