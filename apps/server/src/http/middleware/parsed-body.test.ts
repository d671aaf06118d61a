import { describe, expect, it } from "vitest";
import { post } from "../../../test/http/call.ts";
import { type Door, startDoor } from "../../../test/http/start-door.ts";

async function statusOf(door: Door, type: string): Promise<number> {
  const body = { description: "Viking warrior" };
  return (await post(door, "/portrait/async", body, { headers: { "content-type": type } })).status;
}

describe("the type of a JSON body", () => {
  it.each([
    "application/json",
    "application/json; charset=utf-8",
    'APPLICATION/JSON ; charset = "UTF-8" ;',
    "application/problem+json",
  ])("may be %s", async (type) => {
    expect(await statusOf(await startDoor(), type)).toBe(202);
  });

  it.each(["text/plain", "application/json; charset=utf-16", "application/jsonx", "application/json; boundary=a"])(
    "must not be %s",
    async (type) => {
      expect(await statusOf(await startDoor(), type)).toBe(415);
    },
  );

  it("is told from another one at once, however many spaces it holds", async () => {
    const door = await startDoor();
    await statusOf(door, "text/plain");
    const before = process.cpuUsage();
    for (let n = 0; n < 10; n++) expect(await statusOf(door, `application/json${" ".repeat(12_000)}x`)).toBe(415);
    // It was 200 ms for each.
    expect(process.cpuUsage(before).user / 1_000).toBeLessThan(1_000);
  });
});
