import { type PGlite, parse, protocol, type Results } from "@electric-sql/pglite";

const { serialize } = protocol;

interface Prepared {
  readonly name: string;
  readonly parameterTypes: readonly number[];
}

/** Far more than there are statements; a bound, should one ever be put together from values. */
const PREPARED_MAX = 500;

export type RunStatement = (sql: string, parameters: readonly unknown[]) => Promise<Results>;

/**
 * Runs statements on PGlite, each prepared at its first use. `PGlite.query` parses and plans every time and crosses into WebAssembly five
 * times; a prepared statement crosses once. Accepting a job took 6 ms that way and takes 1.5 ms this way.
 */
export function createRunStatement(database: PGlite): RunStatement {
  const prepared = new Map<string, Prepared>();
  let names = 0;

  async function prepare(sql: string): Promise<Prepared> {
    names += 1;
    const name = `s${names}`;
    const request = [serialize.parse({ name, text: sql }), serialize.describe({ type: "S", name })];
    const { messages } = await database.execProtocol(join(request), { throwOnError: true });
    const statement = { name, parameterTypes: parse.parseDescribeStatementResults(messages) };
    await forgetOldest();
    prepared.set(sql, statement);
    return statement;
  }

  async function forgetOldest(): Promise<void> {
    const [oldest] = prepared;
    if (!oldest || prepared.size < PREPARED_MAX) return;
    prepared.delete(oldest[0]);
    await database.execProtocol(join([serialize.close({ type: "S", name: oldest[1].name })]), { throwOnError: true });
  }

  return async function runStatement(sql, parameters) {
    // Without parameters: the simple protocol, which takes several statements at once (migrations) and costs as little.
    if (parameters.length === 0) return (await database.exec(sql)).at(-1) ?? { rows: [], fields: [] };
    const { name, parameterTypes } = prepared.get(sql) ?? (await prepare(sql));
    const values = parameters.map((value, index) => toWire(database, value, parameterTypes[index]));
    const request = [
      serialize.bind({ statement: name, values }),
      serialize.describe({ type: "P" }),
      serialize.execute({}),
    ];
    const { messages } = await database.execProtocol(join(request), { throwOnError: true });
    return parse.parseResults(messages, database.parsers)[0] ?? { rows: [], fields: [] };
  };
}

function toWire(database: PGlite, value: unknown, type: number | undefined): string | null {
  if (value === null || value === undefined) return null;
  const serializer = type === undefined ? undefined : database.serializers[type];
  return serializer ? serializer(value) : String(value);
}

/** Ends with Sync: after a failure the session is ready again. */
function join(messages: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat([...messages, serialize.sync()]);
}
