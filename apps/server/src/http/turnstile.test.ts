import { expect, it } from "vitest";
import { createTurnstile } from "./turnstile.ts";

/** A turnstile whose visitors stay until they are sent out. */
function open(countMax: number, holderMax: number) {
  const pass = createTurnstile({ countMax, holderMax, what: "uploads" });
  const stays: (() => void)[] = [];
  async function enter(holder: string): Promise<string> {
    const stay = Promise.withResolvers<void>();
    const entered = Promise.withResolvers<string>();
    pass(holder, () => {
      stays.push(stay.resolve);
      entered.resolve("inside");
      return stay.promise;
    }).catch((error: Error) => entered.resolve(error.message));
    return entered.promise;
  }
  const leave = () => stays.shift()?.();
  return { enter, leave };
}

it("gives one holder so many places and no more, until it leaves one", async () => {
  const { enter, leave } = open(8, 2);
  expect([await enter("one"), await enter("one")]).toEqual(["inside", "inside"]);
  expect(await enter("one")).toBe("Too many uploads of yours are under way. Try again in a few seconds.");
  expect(await enter("two")).toBe("inside");
  leave();
  await expect.poll(() => enter("one")).toBe("inside");
});

it("gives no holder more than are left, so that others find a place", async () => {
  const { enter } = open(8, 8);
  const tries = [];
  for (let n = 0; n < 8; n++) tries.push(await enter("greedy"));
  expect(tries.filter((answer) => answer === "inside")).toHaveLength(4);
  for (const holder of ["two", "three", "four"]) expect(await enter(holder)).toBe("inside");
});

it("tells a newcomer that all places are taken", async () => {
  const { enter } = open(2, 2);
  expect([await enter("one"), await enter("two")]).toEqual(["inside", "inside"]);
  expect(await enter("three")).toBe("Too many uploads are under way. Try again in a few seconds.");
});

it("gives a place back when the work fails", async () => {
  const pass = createTurnstile({ countMax: 1, holderMax: 1, what: "uploads" });
  await expect(pass("one", () => Promise.reject(new Error("broken")))).rejects.toThrow("broken");
  expect(await pass("two", async () => "inside")).toBe("inside");
});
