import { describe, expect, it } from "vitest";
import { judgeAdvisories } from "../src/advisories.ts";

const found = (...severities: readonly string[]) => {
  const advisories = Object.fromEntries(
    severities.map((severity, id) => [id, { severity, module_name: "left-pad", title: "pads", url: "https://x.test" }]),
  );
  const stdout = JSON.stringify({ advisories, metadata: {} });
  return { stdout, output: stdout };
};

describe("published flaws of dependencies", () => {
  it("fail when they are high or critical, each with its name and address", () => {
    const { ok, output } = judgeAdvisories(found("critical", "low", "high"));
    expect(ok).toBe(false);
    expect(output).toBe("critical: left-pad: pads https://x.test\nhigh: left-pad: pads https://x.test\n");
  });

  it("are only told when they are smaller", () => {
    expect(judgeAdvisories(found("low", "moderate"))).toEqual({
      ok: true,
      output: "",
      note: "2 smaller ones are known",
    });
    expect(judgeAdvisories(found())).toEqual({ ok: true, output: "", note: "none is known" });
  });

  it.each([
    ["a mirror that answers 405", "Error: ERR_PNPM_AUDIT_BAD_RESPONSE\n\n  × The audit endpoint responded with 405:\n"],
    ["no network", ""],
    ["an error as JSON", '{"error":{"code":"ERR_PNPM_AUDIT_BAD_RESPONSE"}}'],
  ])("fail nothing when nobody could be asked: %s", (_, output) => {
    const { ok, note } = judgeAdvisories({ stdout: output, output });
    expect(ok).toBe(true);
    expect(note).toMatch(/^not asked: /);
  });
});
