import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { ComfyClient } from "@comfy/client";
import { checkout } from "../src/checkout.ts";

/** How to reach a service, as `npm start` prints it. */
export interface Access {
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly apiSecret: string;
}

/** The code blocks of a document in a language. */
export function readBlocks(document: string, language: string): string[] {
  const text = readFileSync(join(checkout, document), "utf8");
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, "gm"))].map(
    ([, block = ""]) => block,
  );
}

const ARGS = ["--conditions=@comfy/source", "--input-type=module-typescript"];

const toOptions = ({ baseUrl, apiKey, apiSecret }: Access) => ({
  cwd: join(checkout, "apps/cli"),
  env: { ...process.env, COMFYUI_SERVICE_URL: baseUrl, COMFYUI_API_KEY: apiKey, COMFYUI_API_SECRET: apiSecret },
});

/** Runs the TypeScript of README.md as a reader would, and gives what it prints. */
export const runSample = (access: Access): string =>
  execFileSync(process.execPath, ARGS, {
    ...toOptions(access),
    input: readBlocks("README.md", "ts").join("\n"),
    encoding: "utf8",
  });

// The fetch-style handler of the sample, behind an ordinary server; it prints its port, then what the handler saves.
const RECEIVER = `
import { createServer } from "node:http";
const save = async (jobId: string, url: string | undefined) => console.log(url);
createServer(async (incoming, response) => {
  const body = Buffer.concat(await incoming.toArray());
  const request = new Request("http://127.0.0.1/hook", { method: "POST", headers: incoming.headers as HeadersInit, body });
  const answer = await POST(request).catch(() => new Response(null, { status: 400 }));
  response.writeHead(answer.status).end();
}).listen(0, "127.0.0.1", function () { console.log(this.address().port); });
`;

/**
 * Lets the webhook handler of the SDK's README receive a real delivery, and gives what it saved: the link of a job's result.
 * A handler that saves nothing is ended after a minute.
 */
export async function receiveWebhook(access: Access): Promise<string> {
  const handler = readBlocks("packages/client/README.md", "ts").find((block) => block.includes("verifyWebhook"));
  const child = spawn(process.execPath, ARGS, {
    ...toOptions(access),
    stdio: ["pipe", "pipe", "inherit"],
    timeout: 60_000,
  });
  const closed = once(child, "close");
  try {
    child.stdin.end(`${handler}\n${RECEIVER}`);
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const { value: port } = await lines.next();
    const webhookUrl = `http://127.0.0.1:${port}/hook`;
    await new ComfyClient(access).submit("image", { prompt: "a hook", width: 256, height: 256 }, { webhookUrl });
    const { value: saved } = await lines.next();
    return String(saved);
  } finally {
    child.kill();
    await closed;
  }
}
