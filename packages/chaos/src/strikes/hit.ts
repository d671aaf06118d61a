import type { Target } from "../processes/target.ts";
import type { Stage } from "../stage/stage.ts";
import type { Strike } from "./draw-strike.ts";

/** Strikes, and gives what undoes it. */
export async function hit({ kind, target: name }: Strike, stage: Stage): Promise<() => Promise<void>> {
  if (kind === "blackhole" || kind === "cut") {
    const ways = stage.lines.find((line) => line.name === name)?.ways ?? [];
    const setAll = async (mode: "pass" | "blackhole" | "cut") =>
      void (await Promise.all(ways.map((way) => stage.network.setMode(way, mode))));
    await setAll(kind);
    return () => setAll("pass");
  }
  const target = findTarget(stage, name);
  // Healing is not given up with the load: the run ends with everything standing.
  const start = () => target.start(new AbortController().signal);
  switch (kind) {
    case "kill":
      await target.kill();
      return start;
    case "freeze":
      target.freeze();
      return async () => target.thaw();
    case "restart": {
      const stopping = target.stop();
      return async () => {
        await stopping;
        await start();
      };
    }
  }
}

function findTarget({ actors }: Stage, name: string): Target {
  const actor = actors.find(({ target }) => target.name === name);
  if (actor === undefined) throw new Error(`There is no process called ${name} to strike.`);
  return actor.target;
}
