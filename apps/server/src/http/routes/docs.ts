import { hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { createRequire } from "node:module";
import { pipeline } from "node:stream/promises";
import { pathToFileURL } from "node:url";
import { Router } from "express";
import type { AppDeps } from "../deps.ts";

/** Paths of the documentation, public and outside the contract. */
export const DOCS_PATHS = ["/docs", "/docs/scalar.js", "/docs/start.js", "/openapi.json"] as const;

// Scalar writes its styles into the page; everything else comes from here or not at all, so it works without the internet.
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

// Relative addresses: the service may live under a path prefix.
const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Comfy service: reference</title>
    <link rel="icon" href="data:," />
  </head>
  <body>
    <div id="app"></div>
    <script src="docs/scalar.js"></script>
    <script src="docs/start.js"></script>
  </body>
</html>
`;

const START = `Scalar.createApiReference("#app", {
  url: "openapi.json",
  withDefaultFonts: false,
  telemetry: false,
  hideClientButton: true,
  // The page holds no secret to sign a request with, so it offers to send none.
  hideTestRequestButton: true,
  showDeveloperTools: "never",
  mcp: { disabled: true },
  orderSchemaPropertiesBy: "preserve",
  agent: { disabled: true },
});
`;

/** The page's script, out of the installed package: its main file and the browser's lie in one folder. */
function findScalar(): URL {
  const main = createRequire(import.meta.url).resolve("@scalar/api-reference");
  return new URL("browser/standalone.js", pathToFileURL(main));
}

/** Printed once, since anyone may ask and it takes milliseconds; not before it is asked for, when the service knows its own address. */
function createPrint(openApiDocument: () => object) {
  let printed: { readonly bytes: Buffer; readonly etag: string } | undefined;
  return function print() {
    if (printed) return printed;
    const bytes = Buffer.from(JSON.stringify(openApiDocument()));
    printed = { bytes, etag: `"${hash("sha256", bytes, "base64url")}"` };
    return printed;
  };
}

/** The reference at `/docs` and the document it shows at `/openapi.json`. */
export function createDocsRouter({ openApiDocument }: Pick<AppDeps, "openApiDocument">): Router {
  const router = Router({ strict: true });
  const scalar = findScalar();
  const print = createPrint(openApiDocument);
  router.get("/openapi.json", (_req, res) => {
    const { bytes, etag } = print();
    // Asked for anew each time, and sent only to who does not have it yet.
    res.set({ ETag: etag, "Cache-Control": "no-cache" }).type("json").send(bytes);
  });
  router.get("/docs", (_req, res) => {
    res.set("Content-Security-Policy", POLICY).type("html").send(PAGE);
  });
  router.get("/docs/start.js", (_req, res) => {
    res.type("js").send(START);
  });
  router.get("/docs/scalar.js", async (_req, res) => {
    res.type("js").set("Cache-Control", "public, max-age=3600");
    await pipeline(createReadStream(scalar), res);
  });
  return router;
}
