import { tiers } from "@comfy/contracts";
import { expect, it } from "vitest";
import { createManualClock } from "../../test/manual-clock.ts";
import { AppError } from "../errors.ts";
import type { Caller } from "./caller.ts";
import { createWelcomeCheck } from "./welcome-check.ts";

const caller: Caller = {
  ...{ ownerId: "env:one", keyId: "key-1", tier: "pro", limits: tiers.pro, scopes: ["read"], via: "signature" },
};

/** A check whose answers are given beforehand. */
function createCheck() {
  const clock = createManualClock();
  let answer: () => Promise<boolean> = async () => true;
  const check = createWelcomeCheck({ authenticate: { isStillWelcome: () => answer() }, clock }, caller);
  const fail = (error: Error) => {
    answer = () => Promise.reject(error);
  };
  const tell = (isWelcome: boolean) => {
    answer = async () => isWelcome;
  };
  return { clock, check, fail, tell };
}

const gone = () => new AppError("unavailable", "The database cannot be reached.");

it("lets somebody stay for 20 s while the database cannot be asked, and no longer", async () => {
  const { clock, check, fail } = createCheck();
  fail(gone());
  expect(await check()).toBe(true);
  clock.advance(19_999);
  expect(await check()).toBe(true);
  clock.advance(1);
  expect(await check()).toBe(false);
});

it("begins to count anew once there was an answer", async () => {
  const { clock, check, fail, tell } = createCheck();
  fail(gone());
  expect(await check()).toBe(true);
  clock.advance(15_000);
  tell(true);
  expect(await check()).toBe(true);
  clock.advance(15_000);
  fail(gone());
  expect(await check()).toBe(true);
});

it("sends away at once whom the answer refuses, and lets nobody stay for another failure", async () => {
  const { check, fail, tell } = createCheck();
  tell(false);
  expect(await check()).toBe(false);
  fail(new Error("broken"));
  await expect(check()).rejects.toThrow("broken");
});
