import { type Database, startPostgres } from "./postgres.ts";
import { listFamily } from "./proc.ts";
import { type Redis, startRedis } from "./redis.ts";
import { type RunningServer, type ServerOptions, startServer } from "./server.ts";

export type DeploymentName = "PostgreSQL + Redis" | "embedded";

/** The service with what it needs around it. */
export interface Deployment extends AsyncDisposable {
  readonly name: DeploymentName;
  readonly server: RunningServer;
  /** Absent when the database is embedded. */
  readonly databaseUrl?: string;
  /** The processes of the database server; none when it is embedded. */
  databasePids(): number[];
  /** Versions and settings that matter, for the report. */
  readonly description: string;
}

export const NOT_INSTALLED = "PostgreSQL + Redis: one of them is not installed on this machine.";

/** Starts everything anew; undefined when this machine lacks a program. */
export async function startDeployment(
  name: DeploymentName,
  options: Omit<ServerOptions, "databaseUrl" | "redisUrl">,
): Promise<Deployment | undefined> {
  if (name === "embedded") {
    const server = await startServer(options);
    const description = "the embedded database (not fsynced), one process";
    return {
      name,
      server,
      description,
      databasePids: () => [],
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  }
  await using stack = new AsyncDisposableStack();
  const postgres = use(stack, await startPostgres());
  const redis = use(stack, await startRedis());
  if (!postgres || !redis) return undefined;
  const server = stack.use(await startServer({ ...options, databaseUrl: postgres.url, redisUrl: redis.url }));
  const owned = stack.move();
  return {
    name,
    server,
    databaseUrl: postgres.url,
    databasePids: () => listFamily(postgres.pid),
    description: `${postgres.version} with fsync, Redis ${redis.version} with an append-only file, one process`,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

const use = <Part extends Database | Redis>(stack: AsyncDisposableStack, part: Part | undefined) =>
  part && stack.use(part);
