import { resolve } from "node:path";
import type { TierLimits, TierName } from "@comfy/contracts";
import * as z from "zod";
import { type BackendConfig, parseBackends, slots } from "./config/backends.ts";
import { findLimitStoreFaults, type LimitStoreConfig, limitStore, toLimitStore } from "./config/limit-store.ts";
import { limits, toKeyLimits, toTierLimits } from "./config/limits.ts";
import { type MasterKeyConfig, masterKeys } from "./config/master-keys.ts";
import {
  findProcessFaults,
  type QueueConfig,
  queueUrl,
  type Role,
  redisUrl,
  roles,
  toQueue,
} from "./config/processes.ts";
import { jobRetentionDays, snapshotHours } from "./config/retention.ts";
import { findStorageFaults, findUnusedStorage, type StorageConfig, storage, toStorage } from "./config/storage.ts";
import { uploads } from "./config/uploads.ts";
import { type FirstAdminConfig, findUserFaults, toFirstAdmin, users } from "./config/users.ts";
import { flag, list, requiredList, seconds } from "./config/words.ts";

/** Every environment variable of the service, but for those that say which backends there are. Empty texts count as absent. */
const environment = z.object({
  PORT: z.coerce.number().int().min(0).max(65_535).default(8080),
  HOST: z.string().default("0.0.0.0"),
  PUBLIC_URL: z.url({ protocol: /^https?$/ }).optional(),
  DATA_DIR: z.string().default(".comfy"),
  ROLE: z.enum(roles).default("all"),
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
  REDIS_URL: redisUrl.optional(),
  QUEUE_URL: queueUrl.optional(),
  ...limitStore,
  COMFYUI_API_KEYS: requiredList(
    "is missing: one or more keys, comma-separated, whose prefix (free_, basic_, pro_, enterprise_) is their tier.",
  ),
  COMFYUI_API_SECRET: z
    .string({ error: "is missing: the secret that requests are signed with." })
    .min(16, "needs at least 16 characters"),
  MASTER_KEYS: masterKeys.optional(),
  LIMITS: limits.optional(),
  ADMIN_KEYS: list.default([]),
  ...users,
  ENABLE_ASYNC_QUEUES: flag.default(true),
  ALLOW_PRIVATE_URLS: flag.default(false),
  ...uploads,
  CORS_ORIGINS: list.default([]),
  TRUST_PROXY: z.coerce.number().int().min(0).default(0),
  LOG_LEVEL: z.enum(["debug", "info", "warn", "error", "silent"]).default("info"),
  BACKEND_SLOTS: slots.default(1),
  LEASE_SECONDS: seconds(15).refine((value) => value >= 1_000, "must be at least 1"),
  FAILOVER_SECONDS: seconds(120),
  SYNC_DEADLINE_SECONDS: seconds(285),
  JOB_DEADLINE_SECONDS: seconds(3600),
  LINK_TTL_SECONDS: seconds(3600).refine((value) => value >= 3_600_000, "must be at least 3600"),
  DRAIN_SECONDS: seconds(20),
  JOB_RETENTION_DAYS: jobRetentionDays,
  SNAPSHOT_HOURS: snapshotHours,
  ...storage,
});

/** Names that deployments set for things this version does not do. Said at the start: silence would look like consent. */
const unusedNames = ["TAILSCALE_AUTHKEY"];

/** What the service runs with. Milliseconds and bytes. */
export interface Config {
  readonly port: number;
  readonly host: string;
  /** The origin (and path prefix) that callers reach the service at; absent: the address it listens on. */
  readonly publicUrl?: string;
  readonly dataDirectory: string;
  readonly role: Role;
  readonly databaseUrl?: string;
  /** Carries events between processes. */
  readonly redisUrl?: string;
  readonly queue: QueueConfig;
  readonly limitStore: LimitStoreConfig;
  readonly backends: readonly BackendConfig[];
  readonly apiKeys: readonly string[];
  readonly apiSecret: string;
  /** What secrets are sealed with, the one that seals first. Absent: one in the data folder. */
  readonly masterKeys?: readonly MasterKeyConfig[];
  /** Names of `name:key` entries whose keys may operate the service. */
  readonly adminKeys: readonly string[];
  /** Whether strangers may make themselves an account. */
  readonly isRegistrationOpen: boolean;
  /** Created where nobody may operate the service yet. */
  readonly firstAdmin?: FirstAdminConfig;
  readonly tierLimits: Readonly<Record<TierName, TierLimits>>;
  /** What differs for keys of `name:key` entries, by name. */
  readonly keyLimits: Readonly<Record<string, Partial<TierLimits>>>;
  readonly isAsyncEnabled: boolean;
  readonly arePrivateUrlsAllowed: boolean;
  readonly uploadSizeBytesMax: number;
  /** Of a picture that comes in, all its frames together. */
  readonly imagePixelsMax: number;
  readonly corsOrigins: readonly string[];
  /** Reverse proxies in front whose `X-Forwarded-For` is believed. */
  readonly proxyHops: number;
  readonly logLevel: "debug" | "info" | "warn" | "error" | "silent";
  /** How long jobs and backends stay with a process that was not heard of. */
  readonly leaseMs: number;
  /** How long a backend may be out of reach before its render is given to another. */
  readonly failoverMs: number;
  readonly syncDeadlineMs: number;
  readonly jobDeadlineMs: number;
  readonly linkTtlMs: number;
  readonly drainTimeoutMs: number;
  /** How long jobs are kept after they ended; 0: for ever. */
  readonly jobRetentionDays: number;
  /** How often an embedded database is copied; 0: never. */
  readonly snapshotMs: number;
  readonly storage: StorageConfig;
  /** Whether links are signed by the store itself, where it can. */
  readonly areLinksDirect: boolean;
  /** How long outputs and uploads are kept; absent: for ever. */
  readonly retentionMs?: number;
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
  const backends = parseBackends(given, parsed.data?.BACKEND_SLOTS ?? 1);
  const faults = [
    ...(parsed.error?.issues ?? []).map(({ path, message }) => `${toPlace(path)}: ${message}`),
    ...(backends.ok ? [] : backends.faults),
    ...(parsed.success
      ? [
          ...findProcessFaults(parsed.data),
          ...findLimitStoreFaults(parsed.data),
          ...findUserFaults(parsed.data),
          ...findStorageFaults(parsed.data),
        ]
      : []),
  ];
  if (!parsed.success || !backends.ok || faults.length > 0) throw new ConfigError(faults);
  return toConfig(parsed.data, backends.backends, given);
}

function toConfig(
  value: z.output<typeof environment>,
  backends: readonly BackendConfig[],
  given: Readonly<Record<string, unknown>>,
): Config {
  return {
    port: value.PORT,
    host: value.HOST,
    ...(value.PUBLIC_URL && { publicUrl: value.PUBLIC_URL.replace(/\/+$/, "") }),
    dataDirectory: resolve(value.DATA_DIR),
    role: value.ROLE,
    ...(value.DATABASE_URL && { databaseUrl: value.DATABASE_URL }),
    ...(value.REDIS_URL && { redisUrl: value.REDIS_URL }),
    queue: toQueue(value),
    limitStore: toLimitStore(value),
    backends,
    apiKeys: value.COMFYUI_API_KEYS,
    apiSecret: value.COMFYUI_API_SECRET,
    ...(value.MASTER_KEYS && { masterKeys: value.MASTER_KEYS }),
    adminKeys: value.ADMIN_KEYS,
    isRegistrationOpen: value.REGISTRATION === "open",
    ...toFirstAdmin(value),
    tierLimits: toTierLimits(value.LIMITS),
    keyLimits: toKeyLimits(value.LIMITS),
    isAsyncEnabled: value.ENABLE_ASYNC_QUEUES,
    arePrivateUrlsAllowed: value.ALLOW_PRIVATE_URLS,
    uploadSizeBytesMax: value.MAX_UPLOAD_SIZE,
    imagePixelsMax: value.MAX_IMAGE_PIXELS,
    corsOrigins: value.CORS_ORIGINS,
    proxyHops: value.TRUST_PROXY,
    logLevel: value.LOG_LEVEL,
    leaseMs: value.LEASE_SECONDS,
    failoverMs: value.FAILOVER_SECONDS,
    syncDeadlineMs: value.SYNC_DEADLINE_SECONDS,
    jobDeadlineMs: value.JOB_DEADLINE_SECONDS,
    linkTtlMs: value.LINK_TTL_SECONDS,
    drainTimeoutMs: value.DRAIN_SECONDS,
    jobRetentionDays: value.JOB_RETENTION_DAYS,
    snapshotMs: value.SNAPSHOT_HOURS * 3_600_000,
    storage: toStorage(value),
    areLinksDirect: value.LINKS === "direct",
    ...(value.RETENTION_DAYS > 0 && { retentionMs: value.RETENTION_DAYS * 86_400_000 }),
    unusedVariables: [...unusedNames.filter((name) => Object.hasOwn(given, name)), ...findUnusedStorage(value)],
  };
}

/** The variable, and where in it; which of the addresses of a list is wrong is seen in the address. */
const toPlace = (path: readonly PropertyKey[]): string => path.filter((part) => typeof part === "string").join(".");
