import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { bareEnvironment } from "../environment.ts";
import type { Rendering, StubAnswer, StubRequest } from "../stub/protocol.ts";
import { stopChild, tieToUs } from "./child.ts";

const MAIN = fileURLToPath(new URL("../stub/main.ts", import.meta.url));
const ANSWER_MS = 30_000;

/** ComfyUI servers that render nothing, all in one process of their own. */
export interface Stubs extends AsyncDisposable {
  readonly urls: readonly string[];
  readonly pid: number;
  configure(rendering: Rendering): Promise<void>;
  /** Cuts every WebSocket of every backend; with `isAll` every other connection as well. */
  drop(isAll: boolean): Promise<void>;
  /** Requests by route since the last count, and how many of them were prompts. */
  count(): Promise<Extract<StubAnswer, { type: "counted" }>>;
}

export async function startStubs(count: number): Promise<Stubs> {
  const child = fork(MAIN, [String(count)], { env: bareEnvironment(), execArgv: ["--conditions=@comfy/source"] });
  tieToUs(child);
  const hear = async (): Promise<StubAnswer> => {
    const [answer] = await once(child, "message", { signal: AbortSignal.timeout(ANSWER_MS) });
    return answer as StubAnswer;
  };
  const ask = (request: StubRequest): Promise<StubAnswer> => {
    const answer = hear();
    child.send(request);
    return answer;
  };
  const ready = await hear();
  if (ready.type !== "ready") throw new Error("The stub backends did not say where they are.");
  return {
    urls: ready.urls,
    pid: child.pid ?? 0,
    configure: async (rendering) => void (await ask({ type: "configure", rendering })),
    drop: async (isAll) => void (await ask({ type: "drop", isAll })),
    async count() {
      const answer = await ask({ type: "count" });
      if (answer.type !== "counted") throw new Error("The stub backends did not count.");
      return answer;
    },
    [Symbol.asyncDispose]: () => stopChild(child),
  };
}
