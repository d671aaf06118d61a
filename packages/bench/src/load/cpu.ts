import type { Deployment } from "../parts/deployment.ts";
import { readCpuMs } from "../parts/proc.ts";
import type { Stubs } from "../parts/stubs.ts";

/** CPU time in milliseconds, by who used it. */
export interface CpuUse {
  readonly service: number;
  readonly database: number;
  readonly stubs: number;
  readonly load: number;
}

/** Starts counting; the function it returns stops and tells. Processes that ended in between are not counted. */
export function countCpu({ server, databasePids }: Deployment, stubs: Stubs): () => CpuUse {
  const read = () => ({
    service: readCpuMs(server.pids()),
    database: readCpuMs(databasePids()),
    stubs: readCpuMs([stubs.pid]),
    load: readCpuMs([process.pid]),
  });
  const before = read();
  return () => {
    const after = read();
    return {
      service: after.service - before.service,
      database: after.database - before.database,
      stubs: after.stubs - before.stubs,
      load: after.load - before.load,
    };
  };
}
