import { randomBytes } from "node:crypto";
import { type Kysely, sql } from "kysely";
import type { SigningKey, SigningKeys } from "../../access/access-tokens.ts";
import type { Clock } from "../../clock.ts";
import type { Log } from "../../log.ts";
import type { Tables } from "./tables.ts";

export interface SessionKeysOptions {
  readonly db: Kysely<Tables>;
  readonly clock: Clock;
  readonly log: Log;
  readonly sealer: {
    seal(purpose: string, plain: Uint8Array): Uint8Array;
    open(purpose: string, sealed: Uint8Array): Uint8Array;
  };
  /** Age at which a key stops signing. */
  readonly rotateAfterMs?: number;
}

interface KeyRow {
  readonly id: string;
  readonly secret: Uint8Array;
  readonly is_current: boolean;
}

const ROTATE_AFTER_MS = 7 * 86_400_000;
/** How long a key that signs no more is believed: a process may go on with it until it looks again, and its tokens live on. */
const KEPT_MS = 3_600_000;
/** How long this process believes what it read. */
const FRESH_MS = 60_000;
/** Ids that nobody knows are asked for at most this often: strangers make them up. */
const ASK_AGAIN_MS = 1_000;

/** What a key of access tokens is sealed for. */
export const sealingOfSessionKey = (id: string): string => `session_key:${id}`;

/**
 * The newest key signs; a week later the next one does, and an hour after that the old one is forgotten. All processes see the same rows;
 * secrets are sealed in them.
 */
export function createSessionKeys(options: SessionKeysOptions): SigningKeys {
  const { db, clock, log, sealer, rotateAfterMs = ROTATE_AFTER_MS } = options;
  let known = new Map<string, SigningKey>();
  let current: SigningKey | undefined;
  let readAtMs = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | undefined;

  const interval = (ms: number) => sql`${ms}::float8 * interval '1 millisecond'`;

  async function read(): Promise<void> {
    const { rows } = await sql<KeyRow>`
      select id, secret, created_at > clock_timestamp() - ${interval(rotateAfterMs)} as is_current
      from comfy.session_keys where created_at > clock_timestamp() - ${interval(rotateAfterMs + KEPT_MS)}
      order by created_at desc, id limit 16`.execute(db);
    known = new Map(rows.flatMap(open).map((key) => [key.id, key]));
    current = rows.flatMap(({ id, is_current }) => (is_current ? (known.get(id) ?? []) : []))[0];
    readAtMs = clock.monotonicMs();
  }

  /** Sealed with a master key that is gone, it is as good as rotated: its tokens are refused, and refreshing gives others. */
  function open({ id, secret }: KeyRow): SigningKey[] {
    try {
      return [{ id, secret: sealer.open(sealingOfSessionKey(id), secret) }];
    } catch (error) {
      log.warn({ error, keyId: id }, "A key of access tokens cannot be unsealed; its tokens are refused.");
      return [];
    }
  }

  /** Whoever asks while it is being read waits for the same answer. */
  async function refresh(olderThanMs: number): Promise<void> {
    if (clock.monotonicMs() - readAtMs < olderThanMs) return;
    reading ??= read().finally(() => {
      reading = undefined;
    });
    await reading;
  }

  async function add(): Promise<void> {
    const id = randomBytes(9).toString("base64url");
    const secret = sealer.seal(sealingOfSessionKey(id), randomBytes(32));
    await sql`insert into comfy.session_keys (id, secret) values (${id}, ${secret})`.execute(db);
    await sql`delete from comfy.session_keys
      where created_at < clock_timestamp() - ${interval(rotateAfterMs + KEPT_MS)}`.execute(db);
    // Two processes that start together each write one; both go on with whichever reads as the newest, and honour the other.
    await read();
  }

  return {
    async current() {
      await refresh(FRESH_MS);
      if (!current) await add();
      if (!current) throw new Error("The key that was just written to sign access tokens cannot be found.");
      return current;
    },
    async find(id) {
      if (!/^[\w-]{1,32}$/.test(id)) return undefined;
      await refresh(known.has(id) ? FRESH_MS : ASK_AGAIN_MS);
      return known.get(id);
    },
  };
}
