import { execFileSync } from "node:child_process";
import { cp, mkdtemp, readFile, rm, stat, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createEmulator, type Emulator } from "@comfy/comfyui-emulator";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { prepareEmbedded } from "../ports/embedded-template.ts";
import { findPostgres, type PostgresServer, startPostgres } from "../ports/start-postgres.ts";
import { runDbCommand } from "./run-db-command.ts";
import { type SpawnedService, spawnService } from "./spawn-service.ts";

const bin = findPostgres();
let emulator: Emulator;
let root: string;
let server: PostgresServer | undefined;
beforeAll(async () => {
  emulator = await createEmulator({ speed: 50 });
  root = await mkdtemp(join(tmpdir(), "comfy-backup-"));
  if (bin !== undefined) server = await startPostgres(bin);
}, 120_000);
afterAll(async () => {
  await server?.stop();
  await emulator.close();
  await rm(root, { recursive: true, force: true });
});

const seconds = 1_000;
const wentWell = { code: 0, said: expect.stringMatching(/^Everything was (read|written)/) };
const newFolder = () => mkdtemp(join(root, "data-"));
/** With an empty database, whose making would take seconds each time. */
async function newEmbedded(): Promise<string> {
  const directory = await newFolder();
  await prepareEmbedded(join(directory, "database"));
  return directory;
}

async function start(directory: string, url?: string): Promise<SpawnedService> {
  const environment: Record<string, string> = url === undefined ? {} : { DATABASE_URL: url };
  const service = await spawnService({ directory, backends: [emulator.url], environment });
  onTestFinished(async () => void (await service.end("SIGKILL")));
  return service;
}

interface Made {
  readonly pollUrl: string;
  /** Path and query of the signed link, which any process of the deployment opens. */
  readonly link: string;
  readonly bytes: Buffer;
}

async function open(service: SpawnedService, link: string): Promise<Buffer> {
  const response = await fetch(service.url + link);
  expect(response.status).toBe(200);
  return Buffer.from(await response.arrayBuffer());
}

/** A job that was rendered. */
async function use(service: SpawnedService): Promise<Made> {
  const response = await service.post("/image/async", { prompt: "a backup", width: 64, height: 64 });
  const { pollUrl } = (await response.json()) as { pollUrl: string };
  await expect.poll(async () => (await service.read(pollUrl, 5)).status, { timeout: 60 * seconds }).toBe("complete");
  const { result } = (await service.read(pollUrl)) as unknown as { result: { result: { signedUrl: string } } };
  const { pathname, search } = new URL(result.result.signedUrl);
  return { pollUrl, link: pathname + search, bytes: await open(service, pathname + search) };
}

/** That everything is as it was: the job, its file, the links that are out, and work goes on. */
async function expectSame(service: SpawnedService, made: Made): Promise<void> {
  expect((await service.read(made.pollUrl)).status).toBe("complete");
  expect((await open(service, made.link)).equals(made.bytes)).toBe(true);
  await use(service);
}

describe.skipIf(bin === undefined)("a deployment on PostgreSQL", () => {
  it("is restored from pg_dump and a copy of its data folder, both taken while it works", async () => {
    const [directory, url] = [await newFolder(), (await server?.createDatabase()) ?? ""];
    const service = await start(directory, url);
    const made = await use(service);
    const environment = { DATA_DIR: directory, DATABASE_URL: url };
    const busy = await runDbCommand(["export", join(root, "never")], environment);
    expect(busy).toMatchObject({ code: 1, said: expect.stringContaining("A process still works on this database") });
    const dump = join(root, "dump");
    // The database first: a file is always there before the row that names it.
    execFileSync(join(bin ?? "", "pg_dump"), ["--format=custom", `--file=${dump}`, "--schema=comfy", url]);
    const copied = join(root, "copied");
    await cp(directory, copied, { recursive: true });
    await service.end("SIGKILL");
    await rm(directory, { recursive: true });

    const restored = (await server?.createDatabase()) ?? "";
    execFileSync(join(bin ?? "", "pg_restore"), ["--exit-on-error", `--dbname=${restored}`, dump]);
    await expectSame(await start(copied, restored), made);
  }, 180_000);
});

describe("an embedded deployment", () => {
  it("is restored from a copy of its data folder, taken when it was stopped", async () => {
    const directory = await newEmbedded();
    const service = await start(directory);
    const made = await use(service);
    await service.end("SIGTERM");
    const copied = join(root, "copied-embedded");
    await cp(directory, copied, { recursive: true, filter: (path) => !path.includes("lock-") });
    await rm(directory, { recursive: true });
    await expectSame(await start(copied), made);
  }, 180_000);

  it.skipIf(bin === undefined)(
    "moves to PostgreSQL in one file, with its jobs, files, links and id",
    async () => {
      const directory = await newEmbedded();
      const service = await start(directory);
      const made = await use(service);
      const file = join(root, "everything");
      const busy = await runDbCommand(["export", file], { DATA_DIR: directory });
      expect(busy).toMatchObject({ code: 1, said: expect.stringContaining("Another process works in") });
      await service.end("SIGTERM");

      expect(await runDbCommand(["export", file], { DATA_DIR: directory })).toMatchObject(wentWell);
      expect((await stat(file)).mode & 0o777).toBe(0o600);
      const again = await runDbCommand(["export", file], { DATA_DIR: directory });
      expect(again).toMatchObject({ code: 1, said: expect.stringContaining("exists already") });

      const target = { DATA_DIR: await newFolder(), DATABASE_URL: (await server?.createDatabase()) ?? "" };
      expect(await runDbCommand(["import", file], target)).toMatchObject(wentWell);
      expect(await readFile(join(target.DATA_DIR, "master.key"))).toEqual(
        await readFile(join(directory, "master.key")),
      );
      const twice = await runDbCommand(["import", file], target);
      expect(twice).toMatchObject({ code: 1, said: expect.stringContaining("is not empty") });
      await expectSame(await start(target.DATA_DIR, target.DATABASE_URL), made);
    },
    240_000,
  );

  it.skipIf(bin === undefined)(
    "is not imported from a file that breaks off, and nothing of it stays",
    async () => {
      const directory = await newEmbedded();
      const service = await start(directory);
      await use(service);
      await service.end("SIGTERM");
      const file = join(root, "cut");
      expect(await runDbCommand(["export", file], { DATA_DIR: directory })).toMatchObject(wentWell);
      await truncate(file, (await stat(file)).size - 200);
      const target = { DATA_DIR: await newFolder(), DATABASE_URL: (await server?.createDatabase()) ?? "" };
      expect(await runDbCommand(["import", file], target)).toMatchObject({ code: 1 });
      // Empty still, so that it can be tried again with a file that is whole.
      await rm(file);
      expect(await runDbCommand(["export", file], { DATA_DIR: directory })).toMatchObject(wentWell);
      expect(await runDbCommand(["import", file], target)).toMatchObject(wentWell);
    },
    240_000,
  );
});
