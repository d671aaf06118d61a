import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Order } from "./network-host.ts";
import type { RouteMode, RouteOptions } from "./route.ts";

type Orders = Order extends infer One ? (One extends Order ? Omit<One, "id"> : never) : never;

/** The network that all processes of a run talk over. */
export interface Network {
  open(name: string, route: RouteOptions): Promise<void>;
  setMode(name: string, mode: RouteMode): Promise<void>;
  close(): Promise<void>;
}

export function startNetwork(env: Readonly<Record<string, string>>): Network {
  const host = fileURLToPath(new URL("./network-host.ts", import.meta.url));
  const child = fork(host, { execArgv: ["--conditions=@comfy/source"], env, detached: true });
  const waiting = new Map<number, PromiseWithResolvers<void>>();
  let count = 0;
  child.on("message", ({ id, problem }: { id: number; problem?: string }) => {
    const answer = waiting.get(id);
    waiting.delete(id);
    if (problem === undefined) answer?.resolve();
    else answer?.reject(new Error(problem));
  });
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  void gone.then(() => {
    for (const { reject } of waiting.values()) reject(new Error("The network process has ended."));
  });

  function order(what: Orders): Promise<void> {
    const answer = Promise.withResolvers<void>();
    count += 1;
    waiting.set(count, answer);
    child.send({ ...what, id: count });
    return answer.promise;
  }

  return {
    open: (name, route) => order({ type: "open", name, route }),
    setMode: (name, mode) => order({ type: "mode", name, mode }),
    async close() {
      if (child.connected) child.disconnect();
      await gone;
    },
  };
}
