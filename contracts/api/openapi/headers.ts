import type { HeaderObject, ReferenceObject } from "openapi3-ts/oas31";
import type { RouteMetadata } from "../src/access.ts";

const text = (description: string, example: string): HeaderObject => ({
  description,
  schema: { type: "string" },
  example,
});
const count = (description: string, example: number): HeaderObject => ({
  description,
  schema: { type: "integer", minimum: 0 },
  example,
});

/** Headers the service answers with, each described once. */
export const headers = {
  "X-Request-Id": text("Quote it when asking for help. Yours is kept when you send one.", "0f8fad5bd9cb469fa165"),
  "X-RateLimit-Limit": count("Requests of the window nearest to exhaustion.", 100),
  "X-RateLimit-Remaining": count("Requests left in that window.", 99),
  "X-RateLimit-Reset": count("When that window opens again, Unix seconds.", 1_764_000_060),
  RateLimit: text(
    "Every window: requests left (`r`) and seconds until more (`t`).",
    '"minute";r=99;t=42, "hour";r=950;t=3000',
  ),
  "RateLimit-Policy": text(
    "Every window: its quota (`q`) and length in seconds (`w`).",
    '"minute";q=100;w=60, "hour";q=1000;w=3600',
  ),
  "Retry-After": count("Seconds to wait before trying again.", 12),
  "Idempotency-Key": text("The key of the request, echoed.", "8e03978e-40d5-43e8-bc93-6894a57f9324"),
  "Idempotency-Replayed": text("`true` when an earlier request with this key made the job.", "true"),
  Location: text("Where the job can be read.", "/jobs/portrait/019ac1f0-0000-7000-8000-000000000000"),
  Allow: text("The methods this path knows.", "POST"),
} as const satisfies Record<string, HeaderObject>;

type HeaderName = keyof typeof headers;

const RATE_LIMIT: readonly HeaderName[] = [
  "X-RateLimit-Limit",
  "X-RateLimit-Remaining",
  "X-RateLimit-Reset",
  "RateLimit",
  "RateLimit-Policy",
];

/** Tags of routes that make something which has an address of its own. */
const MADE_AT_A_PLACE = new Set(["Generation", "Platform: jobs", "Platform: batches"]);

/** The headers an answer of a route carries, as references. */
export function headersOf(metadata: RouteMetadata, method: string, status: number): Record<string, ReferenceObject> {
  const names: HeaderName[] = ["X-Request-Id"];
  if (metadata.bucket !== "none" && status !== 401) names.push(...RATE_LIMIT);
  if (status === 429 || status === 503) names.push("Retry-After");
  // Who logs in twice is logged in twice.
  const isRepeatable = metadata.tag !== "Platform: auth";
  if (method === "POST" && status < 300 && isRepeatable) names.push("Idempotency-Key", "Idempotency-Replayed");
  if ((status === 201 || status === 202) && MADE_AT_A_PLACE.has(metadata.tag)) names.push("Location");
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}
