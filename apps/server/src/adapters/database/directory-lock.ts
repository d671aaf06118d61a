import { randomBytes } from "node:crypto";
import { link, mkdtemp, readdir, rename, rm, rmdir, symlink, unlink } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface DirectoryLock {
  release(): Promise<void>;
}

const LOCK = "lock";
const PROBE_TIMEOUT_MS = 2_000;
/** `sun_path` holds 104 bytes on macOS and 108 on Linux, the closing zero included. */
const PATH_BYTES_MAX = 100;

/**
 * Makes this process the only one that works in a directory, until it ends in whatever way.
 *
 * The lock is a listening Unix socket: the kernel answers for a living holder, frozen or in another container, and stops
 * answering the moment it dies. (A PID file lies across containers, a heartbeat lies for a frozen holder.)
 *
 * @throws Error with a sentence when another process has it.
 */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  const way = await openShortWay(directory);
  const own = `${LOCK}-${randomBytes(6).toString("hex")}`;
  const server = createServer((socket) => socket.destroy());
  try {
    await listen(server, join(way.path, own)).catch((cause: unknown) => {
      throw new Error(
        `No socket can be made in ${directory}, which is how it is locked. Use a directory on a local disk.`,
        {
          cause,
        },
      );
    });
    await claim(way.path, own).catch(async (error: unknown) => {
      await new Promise((resolve) => server.close(resolve));
      throw error;
    });
    await sweep(way.path, own);
  } catch (error) {
    if (error instanceof Held)
      throw new Error(`Another process works in ${directory}. Stop it, or use another directory.`);
    throw error;
  } finally {
    await way.close();
  }
  server.unref();
  return {
    async release() {
      await rm(join(directory, LOCK), { force: true });
      await rm(join(directory, own), { force: true });
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

class Held extends Error {}

/** Gives the bound socket the name everybody looks at. `link` is atomic and never replaces. */
async function claim(directory: string, own: string): Promise<void> {
  const lock = join(directory, LOCK);
  while (!(await tryLink(join(directory, own), lock))) {
    if (await isAlive(lock)) throw new Held();
    // Only one of several that saw the dead lock can move it away; the others find it gone and try again.
    const dead = join(directory, `${own}-dead`);
    if (!(await tryRename(lock, dead))) continue;
    if (await isAlive(dead)) {
      // Somebody took the lock over between the look and the move.
      await tryLink(dead, lock);
      await unlink(dead);
      throw new Held();
    }
    await unlink(dead);
  }
}

/** Removes the sockets that killed processes left. */
async function sweep(directory: string, own: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (!name.startsWith(`${LOCK}-`) || name === own) continue;
    const path = join(directory, name);
    if (!(await isAlive(path))) await rm(path, { force: true });
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
  const longest = join(directory, `${LOCK}-${"0".repeat(12)}-dead`);
  if (Buffer.byteLength(longest) <= PATH_BYTES_MAX) return { path: directory, close: async () => undefined };
  const parent = await mkdtemp(join(tmpdir(), "comfy-"));
  const path = join(parent, "d");
  await symlink(directory, path);
  return {
    path,
    close: async () => {
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
  // A failed accept (no file descriptors left) must not end the process; the name stays bound.
  server.on("error", () => undefined);
}

const tryLink = (from: string, to: string): Promise<boolean> => whether(link(from, to), "EEXIST");
const tryRename = (from: string, to: string): Promise<boolean> => whether(rename(from, to), "ENOENT");

async function whether(doing: Promise<void>, expectedCode: string): Promise<boolean> {
  try {
    await doing;
    return true;
  } catch (error) {
    if (hasCode(error, expectedCode)) return false;
    throw error;
  }
}

function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && "code" in error && codes.includes(String(error.code));
}
