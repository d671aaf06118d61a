import { expect, it } from "vitest";
import type { RunPhase } from "../jobs/run.ts";
import { createRoom } from "./room.ts";

it("while a store takes nothing no more is rendered than may wait for it, and all slots are used again when it does", () => {
  let collecting = 0;
  const count = (phase: RunPhase) => (phase === "collecting" ? collecting : 0);
  const pool = { slotCount: 2, room: () => ({ free: 2, ahead: 0 }) };
  const room = createRoom({ pool, runs: { count, nearlyDone: () => 0 }, isOnlyBackend: false });
  const counted = [0, 6, 7, 8, 9].map((waiting) => {
    collecting = waiting;
    return room.count();
  });
  expect(counted.map((places) => Math.max(0, places))).toEqual([2, 2, 1, 0, 0]);
  collecting = 0;
  expect(room.count()).toBe(2);
});
