import { describe, expect, it } from "vitest";
import { toCurlLines } from "../src/start/welcome.ts";
import { readBlocks } from "./readme.ts";

// The samples themselves run in start.test.ts, against the service that npm start brings up.
describe("the README", () => {
  it("shows the curl command that npm start prints", () => {
    const [, ...lines] = toCurlLines("", { apiKey: "", apiSecret: "" });
    expect(readBlocks("README.md", "sh")).toContain(`${lines.join("\n")}\n`);
  });
});
