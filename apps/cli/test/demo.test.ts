import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { checkout, stateFolder } from "../src/checkout.ts";
import { startCommand } from "./running.ts";

const demoFolders = () =>
  existsSync(stateFolder) ? readdirSync(stateFolder).filter((name) => name.startsWith("demo-")) : [];

interface Summary {
  readonly ok: boolean;
  readonly simulated: boolean;
  readonly jobs: readonly {
    readonly kind: string;
    readonly jobId: string;
    readonly file: string;
    readonly sizeBytes: number;
  }[];
}

// These start the real emulator and the real service, as `npm run demo` does.
describe("the demo", () => {
  it("makes all four kinds, downloads each through its link, prints one JSON object and leaves nothing behind", async () => {
    const before = demoFolders();
    const { code, stdout, stderr } = await startCommand(["demo", "--json"]).ended;
    expect(stderr).toBe("");
    const summary: Summary = JSON.parse(stdout);
    expect(summary).toMatchObject({ ok: true, simulated: true });
    expect(summary.jobs.map(({ kind, file }) => [kind, /^out\/(\w+\.\w+)$/.exec(file)?.[1]])).toEqual([
      ["portrait", "portrait.png"],
      ["image", "image.png"],
      ["tts", expect.stringMatching(/^tts\.(wav|flac|mp3)$/)],
      ["lipsync", "lipsync.mp4"],
    ]);
    for (const { jobId, file, sizeBytes } of summary.jobs) {
      expect(jobId).not.toBe("");
      expect(statSync(join(checkout, file)).size).toBe(sizeBytes);
    }
    expect(code).toBe(0);
    expect(demoFolders()).toEqual(before);
  }, 240_000);

  it("that is interrupted ends its programs, removes its folder and says so with its exit code", async () => {
    const before = demoFolders();
    const demo = startCommand(["demo"]);
    await demo.waitFor(/portrait \(synchronous\)/);
    demo.kill("SIGINT");
    expect(await demo.ended).toMatchObject({ code: 130 });
    expect(demoFolders()).toEqual(before);
  }, 120_000);
});
