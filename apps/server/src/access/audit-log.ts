/** One thing that somebody did. Never secrets: ids, names of fields and old and new values of harmless ones. */
export interface AuditEntry {
  /** Who did it: the id of a key, `user:<id>`, or `service` for what the service did by itself. */
  readonly actorId: string;
  /** What was done, as a noun and a past participle: `key.created`, `user.updated`, `session.reused`. */
  readonly action: string;
  /** What it was done to: `user:<id>`, the id of a key or of a backend. */
  readonly subject: string;
  /** The owner whose things were touched, where that is one. */
  readonly ownerId?: string;
  readonly details?: Readonly<Record<string, string | number | boolean>>;
  readonly ip?: string;
  readonly requestId?: string;
}

/** Who did what and when. Rows are added; the database refuses to change or remove them. */
export interface AuditLog {
  record(entry: AuditEntry): Promise<void>;
}

/** An entry as it is read back. */
export interface RecordedEntry extends AuditEntry {
  readonly id: string;
  readonly createdAtMs: number;
}

export interface AuditFilter {
  readonly actorId?: string;
  readonly action?: string;
  readonly subject?: string;
  readonly ownerId?: string;
  readonly createdAfterMs?: number;
  readonly createdBeforeMs?: number;
  /** Where the page before ended. */
  readonly cursor?: string;
  readonly limit: number;
}

export interface AuditPage {
  /** Newest first. */
  readonly entries: readonly RecordedEntry[];
  /** Absent on the last page. */
  readonly nextCursor?: string;
}

/** Reads what {@link AuditLog} wrote. */
export interface AuditReader {
  /** @throws AppError `invalid_input` when the cursor is none of ours. */
  list(filter: AuditFilter): Promise<AuditPage>;
}
