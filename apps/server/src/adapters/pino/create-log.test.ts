import { type ChildProcess, spawn } from "node:child_process";
import { text as readText } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { AppError } from "../../errors.ts";
import { createLog, type LogOptions } from "./create-log.ts";

function createRecorder(level: LogOptions["level"] = "debug") {
  const lines: string[] = [];
  const log = createLog({ level, destination: { write: (line: string) => void lines.push(line) } });
  const last = () => JSON.parse(lines.at(-1) ?? "{}");
  return { log, lines, last };
}

const SECRET = "s3cr3t-value-that-must-not-show";

describe("the log", () => {
  it("writes one JSON line per event, with time, level, fields and message", () => {
    const { log, lines, last } = createRecorder();
    log.info({ jobId: "j", count: 3 }, "Job accepted.");
    expect(lines).toHaveLength(1);
    expect(lines[0]?.endsWith("\n")).toBe(true);
    expect(last()).toMatchObject({ level: "info", jobId: "j", count: 3, msg: "Job accepted." });
    expect(Number.isNaN(Date.parse(last().time))).toBe(false);
  });

  it("writes nothing below its level", () => {
    const { log, lines } = createRecorder("warn");
    log.debug({}, "no");
    log.info({}, "no");
    log.warn({}, "yes");
    log.error({}, "yes");
    expect(lines).toHaveLength(2);
  });

  it("carries the fields of `with` on every line", () => {
    const { log, last } = createRecorder();
    log.with({ requestId: "r" }).with({ jobId: "j" }).warn({ status: 500 }, "Failed.");
    expect(last()).toMatchObject({ requestId: "r", jobId: "j", status: 500 });
  });

  it.each([
    ["a header", { headers: { "X-API-Key": SECRET, "x-signature": SECRET, Authorization: `Bearer ${SECRET}` } }],
    ["a field's name", { apiSecret: SECRET, webhookSecret: SECRET, password: SECRET, api_key: SECRET }],
    ["a signed link", { url: `https://example.com/assets/1?expires=9&sig=${SECRET}&x=1` }],
    ["a database address", { url: `postgres://comfy:${SECRET}@db.example.com/comfy` }],
    ["a quoted header", { problem: `refused: X-API-Key: ${SECRET}` }],
    ["a key of a tier", { problem: `unknown key pro_${SECRET}` }],
    ["what the service made", { problem: `not a token: comfy_token_${SECRET}`, hook: `whsec_${SECRET}` }],
    ["tokens", { accessToken: SECRET, refresh_token: SECRET, token: SECRET, ticket: SECRET }],
    ["an access token", { problem: `refused: eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0MiJ9.${SECRET}` }],
    ["an access token that stands alone", { path: `/jobs/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0MiJ9.${SECRET}` }],
    ["a list in a list", { deep: [{ list: [{ authorization: SECRET }] }] }],
  ])("strikes out secrets in %s", (_, fields) => {
    const { log, lines } = createRecorder();
    log.info(fields, "Done.");
    log.with(fields).info({}, "Done.");
    expect(lines.join("")).not.toContain(SECRET);
    expect(lines.join("")).toContain("[redacted]");
  });

  it("strikes out secrets in messages, errors and their causes", () => {
    const { log, lines, last } = createRecorder();
    const cause = new Error(`connect postgres://u:${SECRET}@host failed`);
    const error = new AppError("unavailable", `Failed at https://x.example/?sig=${SECRET}.`, { cause });
    log.error({ error }, `Gave up on https://x.example/?sig=${SECRET}`);
    expect(lines.join("")).not.toContain(SECRET);
    expect(last().error).toMatchObject({ type: "AppError", code: "unavailable", cause: { type: "Error" } });
    expect(last().error.stack).toContain("create-log.test.ts");
  });

  it("names the objects that an error drags along instead of writing them out", () => {
    const { log, last } = createRecorder();
    class Client {
      readonly connection = SECRET;
    }
    log.error({ error: Object.assign(new Error("lost"), { client: new Client(), code: "57P01" }) }, "Lost.");
    expect(last().error).toMatchObject({ message: "lost", code: "57P01", client: "[Client]" });
  });

  it("costs next to nothing for text that almost looks like thousands of addresses", () => {
    const { log } = createRecorder();
    const before = process.cpuUsage();
    for (let n = 0; n < 10; n++) log.info({ path: `/${"a.".repeat(7_000)}://b` }, "Request.");
    // It was 160 ms for each.
    expect(process.cpuUsage(before).user / 1_000).toBeLessThan(400);
  });

  it("survives circles, huge lists, bytes, bigints and objects that break when read", () => {
    const { log, lines } = createRecorder();
    const circle: Record<string, unknown> = { seed: 18_446_744_073_709_551_615n, bytes: new Uint8Array(9) };
    circle.self = circle;
    log.info({ circle, list: Array.from({ length: 100_000 }, (_, n) => n) }, "Odd.");
    expect(lines[0]?.length).toBeLessThan(10_000);
    expect(lines[0]).toContain("[9 bytes]");
    expect(lines[0]).toContain("18446744073709551615");
    const broken = {
      get value(): string {
        throw new Error("no");
      },
    };
    expect(() => log.info({ broken }, "Broken.")).not.toThrow();
  });
});

describe("standard output", () => {
  const start = (source: string) => {
    const url = new URL("create-log.ts", import.meta.url).href;
    const script = `import { createLog } from ${JSON.stringify(url)};\nconst log = createLog({ level: "info" });\n${source}`;
    return spawn(process.execPath, ["--conditions=@comfy/source", "--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
  };
  const endOf = (child: ChildProcess) =>
    new Promise<number | NodeJS.Signals | null>((resolve) =>
      child.once("exit", (code, signal) => resolve(code ?? signal)),
    );

  it("that nobody reads any more does not hold the process up", async () => {
    const child = start(
      `setInterval(() => log.info({}, "x".repeat(1_000)), 5);\nsetTimeout(() => process.exit(7), 500);`,
    );
    const killing = setTimeout(() => child.kill("SIGKILL"), 20_000);
    child.stdout?.once("data", () => child.stdout?.destroy());
    expect(await endOf(child)).toBe(7);
    clearTimeout(killing);
  }, 30_000);

  it("has all that was said before the process ended", async () => {
    const child = start(`for (let n = 1; n <= 100; n++) log.info({ n }, "A line.");\nprocess.exit(0);`);
    const text = child.stdout ? await readText(child.stdout) : "";
    expect(text.trim().split("\n")).toHaveLength(100);
  }, 30_000);
});
