import { describe, expect, it } from "vitest";
import { startCommand } from "./running.ts";

describe("the conformance command", () => {
  it.each([
    [["--url", "localhost:8188"], /--url is "localhost:8188"; expected an http\(s\) address/],
    [["--url", "http://127.0.0.1:9"], /No ComfyUI answers GET http:\/\/127\.0\.0\.1:9\/system_stats/],
  ])("%j is one sentence instead of a hundred failed tests", async (args, words) => {
    const { code, stderr } = await startCommand(["conformance", ...args]).ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(words);
  });
});
