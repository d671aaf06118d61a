import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { checkout } from "../src/checkout.ts";
import { toCurlLines } from "../src/start/welcome.ts";
import { readBlocks } from "./readme.ts";

// The samples themselves run in start.test.ts, against the service that npm start brings up.
describe("the README", () => {
  it("shows the curl command that npm start prints", () => {
    const [, ...lines] = toCurlLines("", { apiKey: "", apiSecret: "" });
    expect(readBlocks("README.md", "sh")).toContain(`${lines.join("\n")}\n`);
  });

  it("shows how a deployment starts the service, which names everything it misses", () => {
    const command = readBlocks("README.md", "sh").find((block) => block.includes("apps/server"));
    const { status, stderr } = spawnSync("bash", ["-c", command ?? ""], { cwd: checkout, encoding: "utf8", env: {} });
    expect(status).toBe(1);
    expect(stderr.match(/^ {2}- (\w+): is missing/gm)).toHaveLength(3);
  });
});
