import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";

/** CPU time and memory are read where the kernel shows them. */
export const hasProc = existsSync("/proc/self/stat");

let ticksPerSecond: number | undefined;

/** User and system time a process has used, all its threads together, in milliseconds; granular to one tick (10 ms). */
export function readCpuMs(pids: readonly number[]): number {
  ticksPerSecond ??= Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));
  const ticks = pids.map((pid) => {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name of the program stands in parentheses and may hold spaces.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return Number(fields[11]) + Number(fields[12]);
  });
  return (ticks.reduce((sum, value) => sum + value, 0) * 1000) / ticksPerSecond;
}

/** Resident memory of a process in bytes. */
export function readRssBytes(pid: number): number {
  const [, kilobytes = "0"] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kilobytes) * 1024;
}

/** A process and everything it has started. */
export function listFamily(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
  return [pid, ...children.flatMap(listFamily)];
}
