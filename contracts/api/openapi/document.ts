import type { OpenAPIObject, PathItemObject } from "openapi3-ts/oas31";
import { invalidField } from "../src/errors.ts";
import { jobEvent } from "../src/events.ts";
import { productContract } from "../src/product/index.ts";
import { v1Contract } from "../src/v1/index.ts";
import { headers } from "./headers.ts";
import { toOperation } from "./operation.ts";
import { listRoutes, metadataOf } from "./routes.ts";
import { createSchemaPrinter } from "./schemas.ts";
import { securitySchemes } from "./security.ts";
import { printWebhooks } from "./webhooks.ts";

const DESCRIPTION = `A typed, signed, durable service in front of ComfyUI.

**Signing.** Every POST carries \`X-API-Key\`, \`X-Timestamp\` (Unix milliseconds) and \`X-Signature\`: the lowercase hex HMAC-SHA256, with
the API secret, of \`<timestamp>:<body>\`, the exact bytes of the body; nothing follows the colon when there is none. A signature is good
once, for five minutes either way: a retry signs anew. Version 2 (\`X-Signature-Version: 2\`, \`X-Nonce\`, \`X-Content-SHA256\`) signs the lines
\`comfy-v2\`, timestamp, nonce, method, path with query, key and SHA-256 of the body, joined by line feeds; the SDK uses it. Polling a job
(\`GET /jobs/{kind}/{id}\`) needs only \`X-API-Key\`. Keys of the mode \`bearer\`, and people who logged in, send \`Authorization: Bearer\` instead.

**Two surfaces.** The product paths (\`/portrait\`, …) ignore fields they do not know; the platform paths (\`/api/v1/…\`) refuse them. They show
the same jobs: one that was made on one surface is read on the other.

**Errors** are \`{ error, code, requestId, details? }\`: a sentence for people, a code for programs.`;

const TAGS: Readonly<Record<string, string>> = {
  Generation: "Make a portrait, an image, speech or a lip-synced video; wait for it, or queue it.",
  Jobs: "Read, follow and cancel what was queued.",
  Assets: "Files in and out.",
  Health: "Is the service well, is the GPU there.",
  "Platform: jobs": "Jobs of every workflow under one path: make, list, read, follow, download, cancel, try again.",
  "Platform: batches": "Up to 100 jobs in one request, and how they stand together.",
  "Platform: usage": "Requests, generations, GPU seconds and bytes, by day, key and workflow; as CSV as well.",
  "Platform: uploads": "Large files part by part, and files from addresses.",
  "Platform: assets": "Files that an owner has: what it brought, and what was made for it.",
  "Platform: webhooks": "Endpoints that are told when jobs end, and what was delivered to them.",
  "Platform: auth": "People: register, log in, stay logged in, log out.",
  "Platform: keys": "API keys of your owner: make, list, rotate, revoke.",
  "Platform: admin": "For operators: users with the role admin, and keys that ADMIN_KEYS names.",
};

const METHODS = { GET: "get", POST: "post", PUT: "put", PATCH: "patch", DELETE: "delete" } as const;

/** What {@link createOpenApiDocument} is told. */
export interface OpenApiOptions {
  /** Version of the service, e.g. `1.4.0`. */
  readonly version: string;
  /** Origin (and path prefix) of the service; `/` when absent: wherever the document was read. */
  readonly serverUrl?: string;
}

/**
 * The OpenAPI 3.1 document of everything the contract promises.
 *
 * @example const document = createOpenApiDocument({ version: "1.0.0", serverUrl: "https://comfy.example.com" });
 */
export function createOpenApiDocument({ version, serverUrl = "/" }: OpenApiOptions): OpenAPIObject {
  const printer = createSchemaPrinter();
  const paths: Record<string, PathItemObject> = {};
  const routes = listRoutes({ ...productContract, v1: v1Contract });
  for (const listed of routes) {
    const { method, path } = listed.route;
    const template = path.replaceAll(/:(\w+)/g, "{$1}");
    paths[template] = { ...paths[template], [METHODS[method]]: toOperation(listed, printer) };
  }
  // Told in streams and in `details`, which no response schema refers to.
  printer.print(jobEvent, "output");
  printer.print(invalidField, "output");
  const webhooks = printWebhooks(printer);
  const tags = [...new Set(routes.map((listed) => metadataOf(listed).tag))];
  return {
    openapi: "3.1.0",
    info: {
      title: "Comfy service",
      version,
      license: { name: "MIT", identifier: "MIT" },
      description: DESCRIPTION,
    },
    servers: [{ url: serverUrl }],
    tags: tags.map((name) => ({ name, ...(TAGS[name] && { description: TAGS[name] }) })),
    paths,
    webhooks,
    components: {
      schemas: Object.fromEntries(
        Object.entries(printer.components).sort(([left], [right]) => (left < right ? -1 : 1)),
      ),
      headers,
      securitySchemes,
    },
  };
}
