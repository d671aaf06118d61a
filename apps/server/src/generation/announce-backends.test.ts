import { expect, test } from "vitest";
import { type Log, silentLog } from "../log.ts";
import { announceBackends } from "./announce-backends.ts";
import type { BackendStatus } from "./backend.ts";

const backend = (id: string, status: BackendStatus) => ({ id, readStatus: async () => status });

test("a backend that answers is told, one that does not is a warning that names the variable", async () => {
  const lines: [string, unknown, string][] = [];
  const write = (level: string) => (fields: Readonly<Record<string, unknown>>, message: string) =>
    void lines.push([level, fields.backendId, message]);
  const log: Log = { ...silentLog, info: write("info"), warn: write("warn") };
  await announceBackends(
    [backend("here", { isReachable: true, latencyMs: 3 }), backend("away", { isReachable: false, latencyMs: 5_000 })],
    log,
  );
  expect(lines).toEqual([
    ["info", "here", "A backend answers."],
    ["warn", "away", expect.stringContaining("COMFYUI_URL")],
  ]);
});
