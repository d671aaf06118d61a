import { randomBytes } from "node:crypto";
import { link, mkdtemp, readdir, rm, rmdir, symlink, unlink } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface DirectoryLock {
  release(): Promise<void>;
}

const PROBE_TIMEOUT_MS = 2_000;
/** `sun_path` holds 104 bytes on macOS and 108 on Linux, the closing zero included. */
const PATH_BYTES_MAX = 100;
const LONGEST_NAME = "binding-000000000000";

/**
 * Makes this process the only one that works in a directory, until it ends in whatever way.
 *
 * The lock is a listening Unix socket: the kernel answers for a living holder, frozen or in another container, and stops answering the
 * moment it dies. (A PID file lies across containers, a heartbeat lies for a frozen holder.)
 *
 * @throws Error with a sentence when another process has it.
 */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  const way = await openShortWay(directory);
  const server = createServer((socket) => socket.destroy());
  const binding = `binding-${randomBytes(6).toString("hex")}`;
  try {
    await listen(server, join(way.path, binding)).catch((cause: unknown) => {
      const problem = `No socket can be made in ${directory}, which is how it is locked. Use a directory on a local disk.`;
      throw new Error(problem, { cause });
    });
    const generation = await claim(way.path, binding);
    if (generation === undefined) {
      throw new Error(`Another process works in ${directory}. Stop it, or use another directory.`);
    }
    await sweep(way.path, generation);
  } catch (error) {
    await close(server);
    throw error;
  } finally {
    await unlinkIfThere(join(way.path, binding));
    await way.close();
  }
  server.unref();
  // The name stays, dead: see `claim`.
  return { release: () => close(server) };
}

/**
 * Gives the bound socket the name `lock-<n>`, one above the newest, once that one is dead; undefined when it lives. `link` is atomic and
 * never replaces, so of all who saw generation n dead one makes n + 1. The newest name is never removed, so a process that looked long ago
 * can only make an older one, and sees that.
 */
async function claim(directory: string, binding: string): Promise<number | undefined> {
  for (;;) {
    const newest = Math.max(0, ...(await listGenerations(directory)));
    if (newest > 0 && (await isAlive(join(directory, `lock-${newest}`)))) return undefined;
    const own = newest + 1;
    if (!(await tryLink(join(directory, binding), join(directory, `lock-${own}`)))) continue;
    if (own === Math.max(...(await listGenerations(directory)))) return own;
    await unlinkIfThere(join(directory, `lock-${own}`));
  }
}

async function listGenerations(directory: string): Promise<number[]> {
  const names = await readdir(directory);
  return names.flatMap((name) => (/^lock-\d+$/.test(name) ? [Number(name.slice("lock-".length))] : []));
}

/** Removes the older generations, and the sockets of processes that were killed before they had the lock. */
async function sweep(directory: string, generation: number): Promise<void> {
  for (const older of await listGenerations(directory)) {
    if (older < generation) await unlinkIfThere(join(directory, `lock-${older}`));
  }
  for (const name of await readdir(directory)) {
    const path = join(directory, name);
    if (name.startsWith("binding-") && !(await isAlive(path))) await unlinkIfThere(path);
  }
}

/** Whether a process listens on a socket. Only a refusal proves that none does; a full queue or a timeout does not. */
async function isAlive(path: string): Promise<boolean> {
  const answer = Promise.withResolvers<boolean>();
  const socket = connect(path);
  socket.setTimeout(PROBE_TIMEOUT_MS, () => answer.resolve(true));
  socket.once("connect", () => answer.resolve(true));
  socket.once("error", (error) => answer.resolve(!hasCode(error, "ECONNREFUSED", "ENOENT")));
  try {
    return await answer.promise;
  } finally {
    socket.destroy();
  }
}

/** A path of the directory that is short enough for a socket name: the directory itself, or a symbolic link to it. */
async function openShortWay(directory: string): Promise<{ path: string; close(): Promise<void> }> {
  if (Buffer.byteLength(join(directory, LONGEST_NAME)) <= PATH_BYTES_MAX) {
    return { path: directory, close: async () => undefined };
  }
  const parent = await mkdtemp(join(tmpdir(), "comfy-"));
  const path = join(parent, "d");
  await symlink(directory, path);
  return {
    path,
    async close() {
      await unlink(path);
      await rmdir(parent);
    },
  };
}

async function listen(server: Server, path: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen(path, resolve);
  await promise;
  server.off("error", reject);
  // A failed accept (no file descriptors left) must not end the process; the socket stays bound.
  server.on("error", () => undefined);
}

async function close(server: Server): Promise<void> {
  await new Promise((resolve) => server.close(resolve));
}

async function tryLink(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (hasCode(error, "EEXIST")) return false;
    throw error;
  }
}

async function unlinkIfThere(path: string): Promise<void> {
  await rm(path, { force: true });
}

function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && "code" in error && codes.includes(String(error.code));
}
