/** Times are Unix milliseconds of this machine, which all processes share. */
type AtMs = number;

/** What a caller noted: a job whose acceptance it was told, and later how it ended. */
export type ClientRecord =
  /** `key` is the Idempotency-Key that was sent. */
  | { readonly event: "accepted"; readonly at: AtMs; readonly jobId: string; readonly key: string; readonly form: Form }
  /** `status` in the words of the product surface: complete, failed or cancelled. */
  | {
      readonly event: "ended";
      readonly at: AtMs;
      readonly jobId: string;
      readonly status: string;
      readonly code?: string;
    }
  | { readonly event: "cancel_asked"; readonly at: AtMs; readonly jobId: string }
  /** The service said that it does not know a job which it had accepted. */
  | { readonly event: "unknown"; readonly at: AtMs; readonly jobId: string }
  /** Never heard of acceptance: nothing is owed. */
  | { readonly event: "gave_up"; readonly at: AtMs; readonly key: string; readonly reason: string };

export type Form = "sync" | "async";

/** A line of an emulator's log. */
export interface RenderRecord {
  readonly event: "accepted" | "finished";
  readonly at: AtMs;
  readonly backend: string;
  readonly promptId: string;
  /** As the service labelled it; undefined for a prompt of somebody else. */
  readonly jobId?: string;
  /** With `finished`: ComfyUI's last message, e.g. `execution_success`. */
  readonly status?: string;
}

/** One request that reached the webhook receiver. */
export interface WebhookRecord {
  readonly at: AtMs;
  readonly webhookId: string;
  readonly jobId: string;
  readonly status: string;
  readonly code?: string;
  /** Why its signature was refused. */
  readonly problem?: string;
}

export type StrikeKind = "kill" | "freeze" | "restart" | "blackhole" | "cut";
export type ProcessKind = "server" | "http" | "worker" | "emulator" | "redis" | "postgres" | "receiver";

/** Something done to a process or to its network. */
export interface StrikeRecord {
  readonly n: number;
  readonly kind: StrikeKind;
  readonly process: ProcessKind;
  /** The process, or `from-to` for a network between two. */
  readonly target: string;
  readonly at: AtMs;
  readonly healedAt: AtMs;
  readonly aim: string;
  /** Unfinished jobs by state at the moment of the strike. */
  readonly states: Readonly<Record<string, number>>;
}

export interface JobRow {
  readonly id: string;
  readonly owner_id: string;
  readonly state: string;
  /** Why it ended without a result. */
  readonly failure_code: string | null;
  readonly callback_url: string | null;
  readonly created_at: AtMs;
  readonly completed_at: AtMs | null;
  readonly lease_holder: string | null;
  readonly holds_slot: boolean;
  readonly assets: number;
}

export interface AttemptRow {
  readonly id: string;
  readonly job_id: string;
  readonly n: number;
  readonly backend_id: string;
  readonly state: string;
  readonly cause: string | null;
  readonly created_at: AtMs;
  /** Where they were seen. */
  readonly running_at?: AtMs | null;
  readonly rendered_at?: AtMs | null;
  readonly ended_at: AtMs | null;
}

export interface UsageRow {
  readonly job_id: string;
  readonly state: string;
  readonly attempts: number;
  /** What the owner is charged for. Absent: not asked for. */
  readonly worked_ms?: number;
}

export interface OwnerRow {
  readonly owner_id: string;
  readonly active: number;
}

/** The database as it was left. */
export interface DatabaseDump {
  readonly jobs: readonly JobRow[];
  readonly attempts: readonly AttemptRow[];
  readonly usage: readonly UsageRow[];
  readonly owners: readonly OwnerRow[];
}

/** Everything the audit looks at: logs that no killed process wrote, and the database. */
export interface Evidence {
  readonly client: readonly ClientRecord[];
  readonly renders: readonly RenderRecord[];
  readonly webhooks: readonly WebhookRecord[];
  readonly strikes: readonly StrikeRecord[];
  readonly database: DatabaseDump;
}
