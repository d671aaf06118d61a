import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ComfyClient } from "@comfy/client";
import { afterAll, describe, expect, it } from "vitest";
import { receiveWebhook, runSample } from "./readme.ts";
import { startCommand } from "./running.ts";

const base = mkdtempSync(join(tmpdir(), "comfy start "));
afterAll(() => rmSync(base, { recursive: true, force: true }));

const READY = /Ctrl-C stops it/;
const match = (text: string, pattern: RegExp) => pattern.exec(text)?.[1] ?? "";

const readFacts = (text: string) => ({
  baseUrl: match(text, /^The service is up at +(\S+)$/m),
  apiKey: match(text, /^ +key +(\S+)$/m),
  apiSecret: match(text, /^ +secret +(\S+)$/m),
});

async function findFreePort(): Promise<number | undefined> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" ? address?.port : undefined;
}

describe("the service as npm start brings it up", () => {
  it("answers the curl command it prints and the samples of the READMEs, and knows its jobs and its key again after a restart", async () => {
    const folder = join(base, "state");
    const first = startCommand(["start", "--folder", folder], { PORT: "0" });
    const text = await first.waitFor(READY);
    const facts = readFacts(text);
    const pasted = text.slice(text.indexOf("  URL="), text.indexOf("Or from TypeScript"));
    const answer = JSON.parse(
      execFileSync("bash", ["-c", pasted], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }),
    );
    expect(answer).toMatchObject({ success: true, signedUrl: expect.stringContaining(facts.baseUrl) });
    expect((await fetch(runSample(facts).trim())).headers.get("content-type")).toBe("video/mp4");
    expect(await receiveWebhook(facts)).toMatch(new RegExp(`^${facts.baseUrl}/outputs/\\S+$`));
    const job = await new ComfyClient(facts).submit("image", { prompt: "a fjord" });
    await job.result();
    first.kill("SIGTERM");
    expect(await first.ended).toMatchObject({ code: 0, stderr: "" });

    const second = startCommand(["start", "--folder", folder], { PORT: "0" });
    const again = readFacts(await second.waitFor(READY));
    expect([again.apiKey, again.apiSecret]).toEqual([facts.apiKey, facts.apiSecret]);
    expect(await new ComfyClient(again).job("image", job.id).status()).toMatchObject({ status: "completed" });
    second.kill("SIGINT");
    expect(await second.ended).toMatchObject({ code: 0 });
  }, 240_000);

  it("says in a sentence that the port it was told to use is taken", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" ? address?.port : undefined;
    const { code, stderr } = await startCommand(["start", "--folder", join(base, "taken")], { PORT: String(port) })
      .ended;
    expect([code, stderr]).toEqual([
      1,
      `Port ${port} of 127.0.0.1 is taken by another program: stop it, or set another PORT.\n`,
    ]);
    server.close();
  });

  it("passes on why the service refuses to start", async () => {
    const env = { PORT: "0", LINK_TTL_SECONDS: "5" };
    const { code, stderr } = await startCommand(["start", "--folder", join(base, "refused")], env).ended;
    expect(code).toBe(1);
    expect(stderr).toContain("LINK_TTL_SECONDS");
  }, 120_000);

  it("says whether the ComfyUI it was given answers", async () => {
    const env = { PORT: "0", COMFYUI_URL: `http://127.0.0.1:${await findFreePort()}` };
    const start = startCommand(["start", "--folder", join(base, "alone")], env);
    expect(await start.waitFor(READY)).toContain(`${env.COMFYUI_URL}, WHICH DOES NOT ANSWER`);
    start.kill("SIGTERM");
    expect(await start.ended).toMatchObject({ code: 0 });
  }, 120_000);
});
