import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { parseReadyLine } from "../src/children/ready-line.ts";
import type { Environment } from "../src/environment.ts";
import { assertPortFree, choosePort } from "../src/ports.ts";
import { readDevelopmentKey } from "../src/start/development-key.ts";
import { toWelcome } from "../src/start/welcome.ts";
import { formatTable } from "../src/table.ts";
import { startCommand } from "./running.ts";

const folder = mkdtempSync(join(tmpdir(), "comfy-cli-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const environment: Environment = {
  comfyuiUrl: undefined,
  apiKeys: undefined,
  apiSecret: undefined,
  port: undefined,
  host: undefined,
  dataDirectory: undefined,
  all: {},
  bare: {},
};

describe("a ready line", () => {
  it.each([
    ["plain text", "listening on http://127.0.0.1:1"],
    ["half a line", '{"event":"ready","url":'],
    ["another event", '{"event":"request","url":"http://127.0.0.1:1"}'],
    ["no address", '{"event":"ready"}'],
    ["no real address", '{"event":"ready","url":"here"}'],
    ["null", "{}"],
  ])("is not %s", (_, line) => expect(parseReadyLine(line)).toBeUndefined());
});

describe("a table", () => {
  it("has columns as wide as their widest cell, numbers flush right", () => {
    const columns = [{ head: "kind" }, { head: "ms", align: "right" }] as const;
    expect(
      formatTable(columns, [
        ["portrait", "7"],
        ["tts", "1200"],
      ]).split("\n"),
    ).toEqual(["kind        ms", "--------  ----", "portrait     7", "tts       1200"]);
  });
});

describe("a port", () => {
  it("that is taken is replaced by any free one", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" ? (address?.port ?? 0) : 0;
    expect(await choosePort(port, "127.0.0.1")).toBe(0);
    await expect(assertPortFree(port, "127.0.0.1")).rejects.toThrow(
      `Port ${port} of 127.0.0.1 is taken by another program: stop it, or set another PORT.`,
    );
    await new Promise((resolve) => server.close(resolve));
    expect(await choosePort(port, "127.0.0.1")).toBe(port);
    await assertPortFree(port, "127.0.0.1");
  });

  it("of a host that is not this machine is not called taken", async () => {
    const words = 'HOST is "192.0.2.1", which is not an address of this machine: 127.0.0.1 and 0.0.0.0 are.';
    await expect(assertPortFree(0, "192.0.2.1")).rejects.toThrow(words);
    await expect(choosePort(8080, "192.0.2.1")).rejects.toThrow(words);
  });
});

describe("the key for development", () => {
  it("is made once, kept, and readable by its owner alone", async () => {
    const first = await readDevelopmentKey(environment, folder);
    expect(await readDevelopmentKey(environment, folder)).toEqual(first);
    expect(first.apiKey).toMatch(/^pro_dev_[0-9a-f]{16}$/);
    expect(first.apiSecret).toMatch(/^[0-9a-f]{64}$/);
    const file = join(folder, "development-key.json");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(file, "utf8"))).toEqual({ apiKey: first.apiKey, apiSecret: first.apiSecret });
  });

  it("of the environment is used instead, and half of one is refused", async () => {
    const whole = { ...environment, apiKeys: "basic_a, pro_b", apiSecret: "s" };
    expect(await readDevelopmentKey(whole, folder)).toEqual({ apiKey: "basic_a", apiSecret: "s" });
    const named = { ...whole, apiKeys: "shop:pro_c,basic_a" };
    expect(await readDevelopmentKey(named, folder)).toEqual({ apiKey: "pro_c", apiSecret: "s" });
    await expect(readDevelopmentKey({ ...environment, apiKeys: "basic_a" }, folder)).rejects.toThrow(
      /^COMFYUI_API_KEYS is set and COMFYUI_API_SECRET is not/,
    );
    await expect(readDevelopmentKey({ ...environment, apiSecret: "s" }, folder)).rejects.toThrow(
      /^COMFYUI_API_SECRET is set and COMFYUI_API_KEYS is not/,
    );
  });

  it("in a damaged file is an error that says what to do", async () => {
    writeFileSync(join(folder, "development-key.json"), "{}");
    await expect(readDevelopmentKey(environment, folder)).rejects.toThrow(/delete it to get a new key/);
  });
});

describe("the welcome", () => {
  const facts = {
    url: "http://127.0.0.1:8080",
    docsUrl: undefined,
    backend: "an emulator",
    dataFolder: "/d",
    logFile: "/l",
  };

  it("does not show a secret that came from the environment", () => {
    const text = toWelcome({ ...facts, key: { apiKey: "pro_a", apiSecret: "do-not-show" } });
    expect(text).not.toContain("do-not-show");
    expect(text).toContain('API_SECRET="$COMFYUI_API_SECRET"');
  });

  it("holds a curl command in the form of the wire, with the key that was made", () => {
    const text = toWelcome({ ...facts, key: { apiKey: "pro_a", apiSecret: "s3cret", file: "/k" } });
    expect(text).toContain("URL=http://127.0.0.1:8080; API_KEY='pro_a'; API_SECRET='s3cret'");
    expect(text).toContain("openssl dgst -sha256 -hmac \"$API_SECRET\" | cut -d' ' -f2");
  });
});

describe("a command", () => {
  it.each(["demo", "start", "conformance"])("%s says how it is used, when asked and when misused", async (name) => {
    const asked = await startCommand([name, "--", "--help"]).ended;
    expect(asked).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Usage: npm /), stderr: "" });
    const misused = await startCommand([name, "--nonsense"]).ended;
    expect(misused).toMatchObject({ code: 2, stdout: "" });
    expect(misused.stderr).toBe(`Unknown option '--nonsense'\n${asked.stdout}`);
  });
});
