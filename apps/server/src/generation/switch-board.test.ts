import { afterEach, describe, expect, it } from "vitest";
import { silentLog } from "../log.ts";
import { createSwitchBoard } from "./switch-board.ts";

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** Two processes over what one database keeps. */
async function setUp() {
  const drained = new Set<string>();
  const database = { isAway: false };
  const switches = {
    async readDrained() {
      if (database.isAway) throw new Error("away");
      return [...drained];
    },
    async setDrained(id: string, isDrained: boolean) {
      if (isDrained) drained.add(id);
      else drained.delete(id);
    },
  };
  const changes: string[] = [];
  const start = async (name: string) => {
    const board = createSwitchBoard({ switches, log: silentLog, readEveryMs: 5, onChange: () => changes.push(name) });
    closing.push(board.stop);
    await board.start();
    return board;
  };
  return { here: await start("here"), there: await start("there"), start, changes, database };
}

describe("a backend that is drained", () => {
  it("takes no work on any process soon after, nor after a restart, until it is put back", async () => {
    const { here, there, start, changes } = await setUp();
    await here.setDrained("a", true);
    expect(here.isDrained("a")).toBe(true);
    await expect.poll(() => there.isDrained("a")).toBe(true);
    expect(changes).toEqual(["here", "there"]);
    expect((await start("new")).isDrained("a")).toBe(true);
    await there.setDrained("a", false);
    await expect.poll(() => here.isDrained("a")).toBe(false);
  });

  it("stays so while the database is away", async () => {
    const { here, there, database } = await setUp();
    await here.setDrained("a", true);
    await expect.poll(() => there.isDrained("a")).toBe(true);
    database.isAway = true;
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect([here.isDrained("a"), there.isDrained("a")]).toEqual([true, true]);
  });
});
