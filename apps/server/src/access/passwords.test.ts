import { expect, it } from "vitest";
import { AppError } from "../errors.ts";
import { createHashGate } from "./hash-gate.ts";
import { assertPassword, findPasswordFault } from "./password-rules.ts";
import { createPasswords } from "./passwords.ts";

const cheap = { memoryKib: 64, passes: 1, parallelism: 1 };

it("hashes with argon2id at 19 MiB, twice, in one lane, and writes that into the hash", async () => {
  const passwords = createPasswords();
  const encoded = await passwords.hash("correct horse battery");
  expect(encoded).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  expect(await passwords.check("correct horse battery", encoded)).toEqual({ isRight: true, isStale: false });
  expect(await passwords.check("correct horse batterz", encoded)).toEqual({ isRight: false, isStale: false });
});

it("salts: two hashes of one password are different", async () => {
  const passwords = createPasswords({ cost: cheap });
  expect(await passwords.hash("correct horse battery")).not.toBe(await passwords.hash("correct horse battery"));
});

it("checks a hash at the cost it was made at, and says when that is not today's any more", async () => {
  const encoded = await createPasswords({ cost: cheap }).hash("correct horse battery");
  const raised = createPasswords({ cost: { ...cheap, passes: 2 } });
  expect(await raised.check("correct horse battery", encoded)).toEqual({ isRight: true, isStale: true });
  expect(await raised.check("another password", encoded)).toEqual({ isRight: false, isStale: false });
});

it("knows the hash that the reference implementation gives in its tests, and refuses other forms", async () => {
  const encoded = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
  expect(await createPasswords().check("password", encoded)).toEqual({ isRight: true, isStale: true });
  await expect(createPasswords().check("password", "$2b$10$notargon")).rejects.toThrow("unknown form");
});

it("does the same work for somebody who does not exist, and never finds them right", async () => {
  let works = 0;
  const gate = {
    async pass<T>(work: () => Promise<T>) {
      works++;
      return work();
    },
  };
  const passwords = createPasswords({ cost: cheap, gate });
  expect(await passwords.check("correct horse battery", undefined)).toEqual({ isRight: false, isStale: false });
  expect(works).toBe(1);
});

it("takes one form for what looks the same, however it was typed", async () => {
  const passwords = createPasswords({ cost: cheap });
  const encoded = await passwords.hash("cafe\u0301 au lait");
  expect((await passwords.check("caf\u00e9 au lait", encoded)).isRight).toBe(true);
  expect((await passwords.check("\uff43afe\u0301 au lait", encoded)).isRight).toBe(true);
});

it("finds a password that is too long to be one wrong, without hashing all of it", async () => {
  const passwords = createPasswords({ cost: cheap });
  const longest = "x".repeat(256);
  const encoded = await passwords.hash(longest);
  expect((await passwords.check(longest, encoded)).isRight).toBe(true);
  for (const extra of [1, 100_000])
    expect((await passwords.check(longest + "x".repeat(extra), encoded)).isRight).toBe(false);
});

it.each([
  ["123456789", "is too short: expected at least 10 bytes, got 9"],
  ["x".repeat(257), "is too long: expected at most 256 bytes, got 257"],
  ["ä".repeat(129), "is too long: expected at most 256 bytes, got 258"],
  [" ".repeat(12), "is made of spaces alone"],
  ["Ada@Example.com", "is the e-mail address"],
  [`half a character \ud800`, "holds half of a character"],
])("refuses %j with a sentence that does not repeat it", (password, sentence) => {
  expect(findPasswordFault(password, "ada@example.com")).toContain(sentence);
  const refusal = catchError(() => assertPassword(password, "ada@example.com"));
  expect(refusal).toMatchObject({ code: "invalid_input", details: [{ path: "password" }] });
  expect(JSON.stringify(refusal.message)).not.toContain(password);
});

it.each(["0123456789", "äöüßä", "x".repeat(256), "pass word  with spaces"])("takes %j", (password) => {
  expect(findPasswordFault(password, "ada@example.com")).toBeUndefined();
});

it("hashes a few at once; the others wait in their order, and not for ever", async () => {
  const gate = createHashGate({ placesMax: 2, waitersMax: 2, waitMsMax: 60_000 });
  const doors: PromiseWithResolvers<void>[] = [];
  const order: number[] = [];
  const pass = (n: number) =>
    gate.pass(async () => {
      order.push(n);
      const door = Promise.withResolvers<void>();
      doors.push(door);
      await door.promise;
    });
  const works = [0, 1, 2, 3].map(pass);
  await expect(pass(4)).rejects.toMatchObject({ code: "unavailable", status: 503, retryAfterSeconds: 5 });
  await Promise.resolve();
  expect(order).toEqual([0, 1]);
  doors[1]?.resolve();
  await works[1];
  await expect.poll(() => order).toEqual([0, 1, 2]);
  for (let n = 0; n < 4; n++) await expect.poll(() => doors[n]?.resolve()).toBeUndefined();
  await expect.poll(() => order.length).toBe(4);
  for (const door of doors) door.resolve();
  await Promise.all(works);
});

it("refuses whoever waited too long, and gives the place to the next", async () => {
  const gate = createHashGate({ placesMax: 1, waitMsMax: 20 });
  const door = Promise.withResolvers<void>();
  const first = gate.pass(() => door.promise);
  await expect(gate.pass(async () => {})).rejects.toMatchObject({ code: "unavailable" });
  door.resolve();
  await first;
  expect(await gate.pass(async () => "in")).toBe("in");
});

it("gives the place back when the work fails", async () => {
  const gate = createHashGate({ placesMax: 1 });
  await expect(gate.pass(() => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(await gate.pass(async () => "in")).toBe("in");
});

function catchError(work: () => unknown): AppError {
  try {
    work();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error("Nothing was thrown.");
}
