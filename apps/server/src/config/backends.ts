import { readFileSync } from "node:fs";
import * as z from "zod";
import { toWords } from "./words.ts";

/** A ComfyUI server, as it is configured. */
export interface BackendConfig {
  readonly url: string;
  /** Its id in the database and in logs; without one its id is a hash of the address. */
  readonly label?: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Renders it may be given at once. */
  readonly slots: number;
  /** Milliseconds until a render on it is given to another; absent: as for all. */
  readonly unreachableAfterMs?: number;
}

type Environment = Readonly<Record<string, unknown>>;

const SLOTS_MAX = 16;
export const slots = z.coerce.number().int().min(1).max(SLOTS_MAX);

const backendUrl = z
  .url({ protocol: /^https?$/, error: "expected http(s) addresses, e.g. http://127.0.0.1:8188", abort: true })
  .refine((url) => !new URL(url).search, "an address must not carry a query")
  .transform((url) => url.replace(/\/+$/, ""));

const label = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, "a label is up to 64 letters, digits, dots, dashes and underscores");

const backendsFile = z.strictObject({
  backends: z
    .array(
      z.strictObject({
        url: backendUrl,
        label: label.optional(),
        headers: z.record(z.string(), z.string()).optional(),
        slots: z.int().min(1).max(SLOTS_MAX).optional(),
        unreachableAfterSeconds: z.number().positive().max(86_400).optional(),
      }),
    )
    .min(1, "needs at least one backend"),
});

const MISSING =
  "is missing: the address of a ComfyUI server, e.g. http://127.0.0.1:8188 (several: comma-separated), or BACKENDS_FILE. To try the service without a GPU, run npm start, which brings an emulator.";

export type BackendsOutcome =
  | { readonly ok: true; readonly backends: readonly BackendConfig[] }
  | { readonly ok: false; readonly faults: readonly string[] };

const fail = (...faults: string[]): BackendsOutcome => ({ ok: false, faults });

/** The backends that `COMFYUI_URL` lists, or that the file `BACKENDS_FILE` describes. */
export function parseBackends(env: Environment, slotsEach: number): BackendsOutcome {
  const { COMFYUI_URL: urls, BACKENDS_FILE: file } = env;
  if (typeof file === "string" && typeof urls === "string")
    return fail("BACKENDS_FILE: is set together with COMFYUI_URL; one of them says which backends there are.");
  const outcome = typeof file === "string" ? readFile(file, slotsEach, env) : parseUrls(urls, slotsEach);
  return outcome.ok
    ? withoutDoubles(outcome.backends, typeof file === "string" ? "BACKENDS_FILE" : "COMFYUI_URL")
    : outcome;
}

function parseUrls(text: unknown, slotsEach: number): BackendsOutcome {
  const words = typeof text === "string" ? toWords(text) : [];
  if (words.length === 0) return fail(`COMFYUI_URL: ${MISSING}`);
  const parsed = z.array(backendUrl).safeParse(words);
  if (!parsed.success) return fail(...parsed.error.issues.map(({ message }) => `COMFYUI_URL: ${message}`));
  return { ok: true, backends: parsed.data.map((url) => ({ url, headers: {}, slots: slotsEach })) };
}

function readFile(path: string, slotsEach: number, env: Environment): BackendsOutcome {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return fail(`BACKENDS_FILE: ${path} cannot be read as JSON: ${reason}`);
  }
  const parsed = backendsFile.safeParse(content);
  if (!parsed.success)
    return fail(...parsed.error.issues.map((issue) => `BACKENDS_FILE: ${issue.path.join(".")}: ${issue.message}`));
  const missing: string[] = [];
  const backends = parsed.data.backends.map((given) => ({
    url: given.url,
    ...(given.label !== undefined && { label: given.label }),
    headers: Object.fromEntries(
      Object.entries(given.headers ?? {}).map(([name, value]) => [name, readSecret(value, env, missing)]),
    ),
    slots: given.slots ?? slotsEach,
    ...(given.unreachableAfterSeconds !== undefined && { unreachableAfterMs: given.unreachableAfterSeconds * 1000 }),
  }));
  return missing.length > 0 ? fail(...missing) : { ok: true, backends };
}

const FROM_ENVIRONMENT = "env:";

/** A header that is a secret stays out of the file: `"env:NAME"` is read from the environment. */
function readSecret(value: string, env: Environment, missing: string[]): string {
  if (!value.startsWith(FROM_ENVIRONMENT)) return value;
  const name = value.slice(FROM_ENVIRONMENT.length);
  const found = env[name];
  if (typeof found === "string") return found;
  missing.push(`BACKENDS_FILE: a header refers to the variable ${name}, which is not set.`);
  return "";
}

function withoutDoubles(backends: readonly BackendConfig[], variable: string): BackendsOutcome {
  const isDoubled = (names: readonly string[]) => new Set(names).size !== names.length;
  if (isDoubled(backends.map(({ url }) => url))) return fail(`${variable}: names one server twice`);
  const labels = backends.flatMap(({ label: given }) => (given === undefined ? [] : [given]));
  if (isDoubled(labels)) return fail(`${variable}: gives one label to two servers`);
  return { ok: true, backends };
}
