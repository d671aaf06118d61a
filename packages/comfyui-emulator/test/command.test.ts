import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { parseCommandLine } from "../src/command-line.ts";
import { smallGraph, until } from "./session.ts";

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));

/** Starts the command and collects what it prints. */
function start(...args: readonly string[]) {
  const child = spawn(process.execPath, ["--conditions=@comfy/source", main, "--port", "0", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const printed = { out: "", err: "" };
  child.stdout.on("data", (chunk: Buffer) => {
    printed.out += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    printed.err += chunk.toString();
  });
  const exit = new Promise<number | null>((resolve) => child.once("exit", resolve));
  return { child, printed, exit };
}

async function urlOf(printed: { out: string }): Promise<string> {
  const line = await until(async () => (printed.out.includes("\n") ? printed.out : undefined));
  return JSON.parse(line).url;
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "emulator-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

describe("the command", () => {
  it.for(["SIGTERM", "SIGINT"] as const)("prints one line when it is ready, and ends with 0 on %s", async (signal) => {
    const { child, printed, exit } = start();
    const url = await urlOf(printed);
    expect(JSON.parse(printed.out)).toEqual({
      event: "ready",
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
    });
    const paths: { output: string[] } = JSON.parse(await (await fetch(`${url}/internal/folder_paths`)).text());
    expect(existsSync(paths.output[0] ?? "")).toBe(true);
    child.kill(signal);
    expect(await exit).toBe(0);
    expect(printed.err).toBe("");
    // The temporary folder was made for this run alone.
    expect(existsSync(paths.output[0] ?? "")).toBe(false);
  });

  it("keeps a base directory, and a log of what was asked for and what was made that survives a kill", async () => {
    const folder = temporaryFolder();
    const log = join(folder, "renders.jsonl");
    const { child, printed, exit } = start("--base-directory", folder, "--log", log, "--speed", "max");
    const url = await urlOf(printed);
    const body = { prompt: smallGraph(), prompt_id: crypto.randomUUID(), extra_data: { job: "j1" } };
    await fetch(`${url}/prompt`, { method: "POST", body: JSON.stringify(body) });
    await until(async () => (readFileSync(log, "utf8").trim().split("\n").length === 2 ? true : undefined));
    child.kill("SIGKILL");
    await exit;
    const lines = readFileSync(log, "utf8").trim().split("\n");
    const [accepted, finished] = lines.map((line): Record<string, unknown> => JSON.parse(line));
    expect(accepted).toMatchObject({ event: "accepted", prompt_id: body.prompt_id, extra_data: { job: "j1" } });
    expect(finished).toMatchObject({ event: "finished", prompt_id: body.prompt_id, status: "execution_success" });
    expect(existsSync(join(folder, "output", "small_00001_.png"))).toBe(true);
  });

  it("refuses wrong arguments with a sentence and ends with 1", async () => {
    const { printed, exit } = start("--profile", "2.0");
    expect(await exit).toBe(1);
    expect(printed.err).toBe('comfyui-emulator: --profile: expected 0.3.64 or newer, got "2.0"\n');
  });
});

describe("the command line", () => {
  it("reads every option", () => {
    const options = parseCommandLine([
      ...["--port", "1", "--host", "::1", "--base-directory", "d", "--profile", "newer", "--speed", "max"],
      ...["--step-ms", "5", "--preview-method", "none", "--cache-lru", "3", "--enable-cors-header", "*"],
      ...["--max-upload-size", "1.5", "--models", '{"vae":["a"]}', "--faults", '{"historyLagMs":1}', "--log", "l"],
    ]);
    expect(options).toEqual({
      port: 1,
      host: "::1",
      baseDirectory: "d",
      profile: "newer",
      speed: Number.POSITIVE_INFINITY,
      stepMs: 5,
      previewMethod: "none",
      cache: { lru: 3 },
      corsOrigin: "*",
      maxUploadMegabytes: 1.5,
      models: { vae: ["a"] },
      faults: { historyLagMs: 1 },
      logFile: "l",
    });
  });

  it.for([
    [["--port", "x"], "--port"],
    [["--models", "[]"], "--models"],
    [["--faults", "{"], "--faults"],
    [["--nonsense"], "--nonsense"],
  ] as const)("refuses %j", ([args, named]) => {
    expect(() => parseCommandLine(args)).toThrow(named);
  });
});
