import { type Opened, openSocket, type SocketOptions } from "../sockets/open-socket.ts";
import type { Backend } from "../stage/backend.ts";
import type { Outside } from "../stage/outside.ts";
import type { Deployment, Stage } from "../stage/stage.ts";
import { type Account, createAccount } from "./account.ts";
import { keysOf, OPERATOR_KEY } from "./keys.ts";
import { type Answer, holdOpen, type RawAnswer, type RawOptions, send, sendRaw, type WireRequest } from "./send.ts";

/** What an attack has before it: a service, accounts on it, and the world around it. */
export interface Target {
  readonly origin: string;
  /** Where the requests of this case seem to come from. */
  readonly ip: string;
  readonly victim: Account;
  readonly thief: Account;
  readonly poor: Account;
  readonly operator: Account;
  readonly outside: Outside;
  readonly backend: Backend;
  /** Sends a request as it is. */
  send(wire: WireRequest): Promise<Answer>;
  raw(parts: readonly (string | Uint8Array)[], options?: RawOptions): Promise<RawAnswer>;
  /** Asks, and then reads nothing; gives what ends the silence. */
  hold(request: string): () => void;
  /** Asks for a WebSocket. */
  socket(path: string, options?: SocketOptions): Promise<Opened>;
  /** Everything the service has written. */
  readOutput(): string;
  /** Processor time the service has used. Only for cases that are alone. */
  readCpuMs(): Promise<number>;
  /** Whether the process is still there. */
  isAlive(): boolean;
  /** Only for cases that are alone. */
  restart(options?: { readonly aheadMs?: number }): Promise<void>;
}

export function createTarget(name: string, deployment: Deployment, { backend, outside }: Stage): Target {
  const { ip, ...keys } = keysOf(name);
  const origin = () => deployment.service.origin;
  const account = (key: string) => createAccount({ key, origin, ip });
  return {
    ip,
    backend,
    outside,
    get origin() {
      return origin();
    },
    victim: account(keys.victim),
    thief: account(keys.thief),
    poor: account(keys.poor),
    operator: account(OPERATOR_KEY),
    send: (wire) => send(origin(), wire),
    raw: (parts, options) => sendRaw(origin(), parts, options),
    hold: (request) => holdOpen(origin(), request),
    socket: (path, options) => openSocket(origin(), path, options),
    readOutput: () => deployment.service.readOutput(),
    readCpuMs: () => deployment.service.readCpuMs(),
    isAlive: () => !deployment.service.isOver,
    restart: (options) => deployment.restart(options),
  };
}
