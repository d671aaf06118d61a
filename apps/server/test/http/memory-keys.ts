import type { KeyRecord, KeyStore, LiveKey, NewKey } from "../../src/access/key-store.ts";

interface Row extends Omit<NewKey, "secretSealed" | "tokenHash"> {
  record: KeyRecord;
  secretSealed: Uint8Array;
  tokenHash?: string;
  previous?: { readonly secretSealed: Uint8Array; readonly tokenHash?: string; readonly untilMs: number };
}

/** Keys in memory: the database's own suite holds the real store to its promises. */
export function createMemoryKeyStore(): KeyStore {
  const rows = new Map<string, Row>();
  const newestFirst = () => [...rows.values()].reverse();
  const previousOf = ({ previous }: Row) => (previous && previous.untilMs > Date.now() ? previous : undefined);
  const isLive = ({ record: { revokedAtMs, expiresAtMs = Number.POSITIVE_INFINITY } }: Row) =>
    revokedAtMs === undefined && expiresAtMs > Date.now();

  function change(id: string, changes: Partial<KeyRecord>): KeyRecord | undefined {
    const row = rows.get(id);
    if (!row) return undefined;
    row.record = { ...row.record, ...changes };
    return row.record;
  }

  function toLive(row: Row): LiveKey {
    const previous = previousOf(row);
    return {
      record: row.record,
      secretSealed: row.secretSealed,
      ...(previous && { previousSecretSealed: previous.secretSealed }),
    };
  }

  return {
    async insert({ keyHash, secretSealed, tokenHash, ...record }, liveKeysMax) {
      const own = newestFirst().filter((row) => row.ownerId === record.ownerId && isLive(row));
      if (own.length >= liveKeysMax) return undefined;
      const made: KeyRecord = { ...record, isReplayGuarded: true, createdAtMs: Date.now() };
      rows.set(record.id, { ...record, keyHash, secretSealed, ...(tokenHash && { tokenHash }), record: made });
      return made;
    },
    async findLive(mark) {
      const found = newestFirst().find((row) => {
        if ("id" in mark) return row.id === mark.id;
        if ("keyHash" in mark) return row.keyHash === mark.keyHash;
        return row.tokenHash === mark.tokenHash || previousOf(row)?.tokenHash === mark.tokenHash;
      });
      return found && isLive(found) ? toLive(found) : undefined;
    },
    async find({ id, ownerId }) {
      const record = rows.get(id)?.record;
      return ownerId === undefined || record?.ownerId === ownerId ? record : undefined;
    },
    async list({ ownerId, limit, cursor }) {
      const all = newestFirst().filter((row) => ownerId === undefined || row.ownerId === ownerId);
      const start = cursor === undefined ? 0 : all.findIndex(({ id }) => id === cursor) + 1;
      const page = all.slice(start, start + limit).map(({ record }) => record);
      const last = page.at(-1);
      return { keys: page, ...(all.length > start + limit && last && { nextCursor: last.id }) };
    },
    async rotate({ id, secretSealed, tokenHash, overlapMs }) {
      const row = rows.get(id);
      if (!row || !isLive(row)) return undefined;
      const untilMs = Date.now() + overlapMs;
      row.previous = { secretSealed: row.secretSealed, untilMs, ...(row.tokenHash && { tokenHash: row.tokenHash }) };
      if (secretSealed) row.secretSealed = secretSealed;
      if (tokenHash) row.tokenHash = tokenHash;
      return change(id, { rotatedAtMs: Date.now(), previousUntilMs: untilMs });
    },
    async revoke({ id, ownerId }) {
      const row = rows.get(id);
      if (!row || (ownerId !== undefined && row.ownerId !== ownerId)) return undefined;
      return change(id, { revokedAtMs: row.record.revokedAtMs ?? Date.now() });
    },
    setReplayGuard: async (id, isReplayGuarded) => change(id, { isReplayGuarded }),
    async readSecrets(id) {
      const row = rows.get(id);
      if (!row) return [];
      const previous = previousOf(row);
      return previous ? [row.secretSealed, previous.secretSealed] : [row.secretSealed];
    },
    async noteUses(uses) {
      for (const [id, ms] of uses) change(id, { lastUsedAtMs: ms });
    },
  };
}
