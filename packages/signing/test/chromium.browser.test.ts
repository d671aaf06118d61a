import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { describe, expect, it } from "vitest";

const executablePath = "/usr/bin/chromium";
const present = existsSync(executablePath);
const demanded = process.env.REQUIRE_CHROMIUM === "1";
const root = new URL("..", import.meta.url);

// The page signs every vector, verifies a webhook and derives a key; it answers with the names of what went wrong.
const page = `
  import { deriveKey, signRequest, signWebhook, toWebhookSecret, verifyWebhook } from "./src/index.ts";
  import { readRequestVectors } from "./src/vectors.ts";
  globalThis.check = async () => {
    const vectors = readRequestVectors();
    const wrong = [];
    for (const vector of vectors) {
      const first = await signRequest({ version: 1, ...vector });
      const second = await signRequest({ version: 2, ...vector });
      if (first["X-Signature"] !== vector.signatureV1) wrong.push(vector.name + " v1");
      if (second["X-Signature"] !== vector.signatureV2) wrong.push(vector.name + " v2");
    }
    const secret = toWebhookSecret(await deriveKey("master", "webhooks"));
    const headers = await signWebhook({ id: "1", timestampSeconds: Math.floor(Date.now() / 1000), body: "{}", secret });
    const outcome = await verifyWebhook({ headers: new Headers(headers), body: "{}", secret });
    return { count: vectors.length, wrong, webhook: outcome.ok };
  };
`;

describe.skipIf(!present && !demanded)(`in a browser${present ? "" : ` (skipped: no ${executablePath})`}`, () => {
  it("signs every vector with the digests of every other runtime", async () => {
    const options = { bundle: true, write: false, format: "esm", target: "es2022" } as const;
    const { outputFiles } = await build({
      ...options,
      stdin: { contents: page, resolveDir: fileURLToPath(root), loader: "ts" },
    });
    // WebCrypto exists in secure contexts only; a page from loopback is one.
    const server = createServer((request, response) => {
      const isScript = request.url === "/page.js";
      response.setHeader("content-type", isScript ? "text/javascript" : "text/html");
      response.end(isScript ? outputFiles[0]?.text : '<!doctype html><script type="module" src="/page.js"></script>');
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" ? address?.port : undefined;
    const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
    try {
      const tab = await browser.newPage();
      await tab.goto(`http://127.0.0.1:${port}/`);
      await tab.waitForFunction("typeof check === 'function'");
      const vectors: { requests: unknown[] } = JSON.parse(readFileSync(new URL("vectors.json", root), "utf8"));
      expect(await tab.evaluate("check()")).toEqual({ count: vectors.requests.length, wrong: [], webhook: true });
    } finally {
      await browser.close();
      server.close();
    }
  });
});
