import { randomBytes } from "node:crypto";
import { expect, it } from "vitest";
import { masterKeys } from "./master-keys.ts";

const [first, second] = [randomBytes(32), randomBytes(32)];

it("reads master keys in their order: the first one seals", () => {
  const read = masterKeys.parse(`2026b:${second.toString("base64")}, 2026a:${first.toString("base64")}`);
  expect(read).toEqual([
    { id: "2026b", key: second },
    { id: "2026a", key: first },
  ]);
});

it.each([
  ["nothing", ""],
  ["a key without an id", first.toString("base64")],
  ["a key that is too short", `a:${randomBytes(31).toString("base64")}`],
  ["hexadecimal", `a:${first.toString("hex")}`],
  ["one id for two keys", `a:${first.toString("base64")},a:${second.toString("base64")}`],
  ["a strange id", `a b:${first.toString("base64")}`],
])("refuses %s, in words that do not repeat what may be a secret", (_, text) => {
  const { error } = masterKeys.safeParse(text);
  expect(error?.issues).toHaveLength(1);
  if (text) expect(error?.issues[0]?.message).not.toContain(text.slice(-20));
});
