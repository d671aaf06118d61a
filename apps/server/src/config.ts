import { resolve } from "node:path";
import { type TierLimits, type TierName, tierNames, tiers } from "@comfy/contracts";
import * as z from "zod";

const flag = z.enum(["true", "false", "1", "0"]).transform((word) => word === "true" || word === "1");
const toWords = (text: string) =>
  text
    .split(",")
    .map((word) => word.trim())
    .filter((word) => word !== "");
const list = z.string().transform(toWords);
const requiredList = (missing: string) =>
  z
    .string({ error: missing })
    .transform(toWords)
    .refine((words) => words.length > 0, { error: missing, abort: true });
// A timer of Node set for longer than 2^31 − 1 ms goes off at once.
const SECONDS_MAX = 2_147_483;
const seconds = (fallback: number) =>
  z.coerce
    .number()
    .positive()
    .max(SECONDS_MAX, `must be at most ${SECONDS_MAX} (24 days)`)
    .default(fallback)
    .transform((value) => value * 1000);
const backendUrl = z
  .url({ protocol: /^https?$/, error: "expected http(s) addresses, e.g. http://127.0.0.1:8188", abort: true })
  .refine((url) => !new URL(url).search, "an address must not carry a query")
  .transform((url) => url.replace(/\/+$/, ""));

const limit = z.int().positive();
const someLimits = z
  .strictObject({
    requestsPerMinute: limit,
    requestsPerHour: limit,
    jobReadsPerMinute: limit,
    generationsPerDay: limit.nullable(),
    concurrentJobs: limit.nullable(),
  })
  .partial();
/** `{"tiers":{"enterprise":{"concurrentJobs":20}},"keys":{"landline":{"requestsPerMinute":300}}}`; null is no limit. */
const limits = z
  .string()
  .transform((text, context) => {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      context.addIssue('expected JSON, e.g. {"tiers":{"enterprise":{"concurrentJobs":20}}}');
      return z.NEVER;
    }
  })
  .pipe(
    z.strictObject({
      tiers: z.partialRecord(z.enum(tierNames), someLimits).optional(),
      keys: z.record(z.string(), someLimits).optional(),
    }),
  );

/** Every environment variable of the service. Empty texts count as absent. */
const environment = z.object({
  PORT: z.coerce.number().int().min(0).max(65_535).default(8080),
  HOST: z.string().default("0.0.0.0"),
  PUBLIC_URL: z.url({ protocol: /^https?$/ }).optional(),
  DATA_DIR: z.string().default(".comfy"),
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
  COMFYUI_URL: requiredList(
    "is missing: the address of a ComfyUI server, e.g. http://127.0.0.1:8188 (several: comma-separated). To try the service without a GPU, run npm start, which brings an emulator.",
  ).pipe(z.array(backendUrl).refine((urls) => new Set(urls).size === urls.length, "names one server twice")),
  COMFYUI_API_KEYS: requiredList(
    "is missing: one or more keys, comma-separated, whose prefix (free_, basic_, pro_, enterprise_) is their tier.",
  ),
  COMFYUI_API_SECRET: z
    .string({ error: "is missing: the secret that requests are signed with." })
    .min(16, "needs at least 16 characters"),
  LIMITS: limits.optional(),
  ENABLE_ASYNC_QUEUES: flag.default(true),
  ALLOW_PRIVATE_URLS: flag.default(false),
  MAX_UPLOAD_SIZE: z.coerce
    .number()
    .int()
    .positive()
    .default(100 * 1024 * 1024),
  CORS_ORIGINS: list.default([]),
  TRUST_PROXY: z.coerce.number().int().min(0).default(0),
  LOG_LEVEL: z.enum(["debug", "info", "warn", "error", "silent"]).default("info"),
  BACKEND_SLOTS: z.coerce.number().int().min(1).max(16).default(1),
  SYNC_DEADLINE_SECONDS: seconds(285),
  JOB_DEADLINE_SECONDS: seconds(3600),
  LINK_TTL_SECONDS: seconds(3600).refine((value) => value >= 3_600_000, "must be at least 3600"),
  DRAIN_SECONDS: seconds(20),
});

/** Names that deployments set for things this version does not do. Said at the start: silence would look like consent. */
const unusedNames = [
  "REDIS_URL",
  "UPSTASH_REDIS_REST_URL",
  "UPSTASH_REDIS_REST_TOKEN",
  "SUPABASE_URL",
  "SUPABASE_SERVICE_KEY",
  "SUPABASE_SECRET_KEY",
  "SUPABASE_BUCKET",
  "TAILSCALE_AUTHKEY",
];

/** What the service runs with. Milliseconds and bytes. */
export interface Config {
  readonly port: number;
  readonly host: string;
  /** The origin (and path prefix) that callers reach the service at; absent: the address it listens on. */
  readonly publicUrl?: string;
  readonly dataDirectory: string;
  readonly databaseUrl?: string;
  readonly backendUrls: readonly string[];
  readonly apiKeys: readonly string[];
  readonly apiSecret: string;
  readonly tierLimits: Readonly<Record<TierName, TierLimits>>;
  /** What differs for keys of `name:key` entries, by name. */
  readonly keyLimits: Readonly<Record<string, Partial<TierLimits>>>;
  readonly isAsyncEnabled: boolean;
  readonly arePrivateUrlsAllowed: boolean;
  readonly uploadSizeBytesMax: number;
  readonly corsOrigins: readonly string[];
  /** Reverse proxies in front whose `X-Forwarded-For` is believed. */
  readonly proxyHops: number;
  readonly logLevel: "debug" | "info" | "warn" | "error" | "silent";
  readonly slotsPerBackend: number;
  readonly syncDeadlineMs: number;
  readonly jobDeadlineMs: number;
  readonly linkTtlMs: number;
  readonly drainTimeoutMs: number;
  /** Variables that are set but have no effect. */
  readonly unusedVariables: readonly string[];
}

/** A start that was refused, with one sentence per fault. */
export class ConfigError extends Error {
  constructor(faults: readonly string[]) {
    super(["The service cannot start with this environment:", ...faults.map((fault) => `  - ${fault}`)].join("\n"));
    this.name = "ConfigError";
  }
}

/** Reads the environment. @throws ConfigError naming every fault at once. */
export function parseConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ""));
  const parsed = environment.safeParse(given);
  if (!parsed.success)
    throw new ConfigError(parsed.error.issues.map(({ path, message }) => `${toPlace(path)}: ${message}`));
  const value = parsed.data;
  return {
    port: value.PORT,
    host: value.HOST,
    ...(value.PUBLIC_URL && { publicUrl: value.PUBLIC_URL.replace(/\/+$/, "") }),
    dataDirectory: resolve(value.DATA_DIR),
    ...(value.DATABASE_URL && { databaseUrl: value.DATABASE_URL }),
    backendUrls: value.COMFYUI_URL,
    apiKeys: value.COMFYUI_API_KEYS,
    apiSecret: value.COMFYUI_API_SECRET,
    tierLimits: mapValues(tiers, (usual, tier) => ({
      ...usual,
      ...toPartialLimits(value.LIMITS?.tiers?.[tier] ?? {}),
    })),
    keyLimits: mapValues(value.LIMITS?.keys ?? {}, toPartialLimits),
    isAsyncEnabled: value.ENABLE_ASYNC_QUEUES,
    arePrivateUrlsAllowed: value.ALLOW_PRIVATE_URLS,
    uploadSizeBytesMax: value.MAX_UPLOAD_SIZE,
    corsOrigins: value.CORS_ORIGINS,
    proxyHops: value.TRUST_PROXY,
    logLevel: value.LOG_LEVEL,
    slotsPerBackend: value.BACKEND_SLOTS,
    syncDeadlineMs: value.SYNC_DEADLINE_SECONDS,
    jobDeadlineMs: value.JOB_DEADLINE_SECONDS,
    linkTtlMs: value.LINK_TTL_SECONDS,
    drainTimeoutMs: value.DRAIN_SECONDS,
    unusedVariables: unusedNames.filter((name) => Object.hasOwn(given, name)),
  };
}

/** The variable, and where in it; which of the addresses of a list is wrong is seen in the address. */
const toPlace = (path: readonly PropertyKey[]): string => path.filter((part) => typeof part === "string").join(".");

// What came from JSON holds no undefined, which the compiler cannot know.
const toPartialLimits = (given: z.output<typeof someLimits>) => given as Partial<TierLimits>;

function mapValues<Name extends string, From, To>(
  record: Readonly<Record<Name, From>>,
  change: (value: From, name: Name) => To,
): Record<Name, To> {
  const entries = Object.entries(record) as [Name, From][];
  return Object.fromEntries(entries.map(([name, value]) => [name, change(value, name)])) as Record<Name, To>;
}
