import { readFileSync } from "node:fs";

/** Children of a process, from the kernel. Empty where there is no such file or the process has gone. */
function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
    return text.split(" ").filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has gone already, which is what a signal can do at most.
  }
}

/** Strikes a process and, if wanted, all its children, which lie in process groups of their own (PostgreSQL's do). */
export function signalAll(pid: number | undefined, name: NodeJS.Signals, hasFamily: boolean): void {
  if (pid === undefined) return;
  const children = hasFamily ? childrenOf(pid) : [];
  for (const one of [pid, ...children]) signal(one, name);
}
