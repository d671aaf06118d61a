import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Edit } from "../edit.ts";
import { readBaseEnvironment } from "../environment.ts";
import { API_SECRET } from "../target/account.ts";
import { keysOf, operatorEntry } from "../target/keys.ts";
import { type Backend, openBackend } from "./backend.ts";
import { names, OUTSIDE_ADDRESS, type Outside, openOutside } from "./outside.ts";
import { type Service, startService } from "./server-process.ts";

/** One loopback address counts as public, so that there is an internet to be sent to. */
const internet: Edit = {
  file: "apps/server/src/adapters/fetch/public-address.ts",
  find: "  if (!ipaddr.isValid(text)) return false;",
  replace: `  if (text === "${OUTSIDE_ADDRESS}") return true;\n  if (!ipaddr.isValid(text)) return false;`,
};

export const sceneEdits: readonly Edit[] = [internet];

export interface StartOptions {
  readonly edits?: readonly Edit[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** A service in a folder of its own; started again it finds what it left there. */
export interface Deployment {
  readonly service: Service;
  restart(options?: { readonly aheadMs?: number }): Promise<void>;
  close(): Promise<void>;
}

/** What all services of a run stand on. */
export interface Stage {
  readonly backend: Backend;
  readonly outside: Outside;
  start(options?: StartOptions): Promise<Deployment>;
  close(): Promise<void>;
}

/** Opens the backend, the outside, and a folder as an empty service leaves it: to copy it takes a tenth of making it. */
export async function openStage(caseNames: readonly string[]): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), "comfy-attacks-"));
  const [backend, outside] = await Promise.all([openBackend(), openOutside(folder)]);
  const template = join(folder, "template");
  let count = 0;

  const open = (dataFolder: string, { edits = [], environment = {} }: StartOptions, aheadMs = 0) =>
    startService({
      names,
      aheadMs,
      edits: [...sceneEdits, ...edits],
      environment: {
        ...readBaseEnvironment(),
        PORT: "0",
        HOST: "127.0.0.1",
        DATA_DIR: dataFolder,
        COMFYUI_URL: backend.url,
        COMFYUI_API_KEYS: [operatorEntry, ...caseNames.flatMap((name) => keysOf(name).entries)].join(","),
        COMFYUI_API_SECRET: API_SECRET,
        ADMIN_KEYS: "operator",
        REGISTRATION: "open",
        // Every attack comes from an address of its own, as behind a proxy.
        TRUST_PROXY: "1",
        LOG_LEVEL: "debug",
        DRAIN_SECONDS: "1",
        // A third of a start is compiling, and all services of a run compile the same.
        NODE_COMPILE_CACHE: join(folder, "compiled"),
        NODE_EXTRA_CA_CERTS: outside.certificate,
        ...environment,
      },
    });

  await open(template, {}).then((service) => service.stop("SIGTERM"));
  // A lock is a socket, which nobody can copy.
  for (const name of await readdir(join(template, "database")))
    if (name.startsWith("lock")) await rm(join(template, "database", name));
  return {
    backend,
    outside,
    async start(options = {}) {
      const dataFolder = join(folder, `service-${++count}`);
      // Of a thousand files: what Node offers looks at each of them several times.
      await promisify(execFile)("cp", ["-R", template, dataFolder]);
      let service = await open(dataFolder, options);
      return {
        get service() {
          return service;
        },
        async restart({ aheadMs = 0 } = {}) {
          await service.stop("SIGTERM");
          service = await open(dataFolder, options, aheadMs);
        },
        async close() {
          await service.stop();
          await rm(dataFolder, { recursive: true, force: true });
        },
      };
    },
    async close() {
      await Promise.all([backend.close(), outside.close()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
