import { setTimeout } from "node:timers/promises";
import * as z from "zod";
import { NodeError } from "../node.ts";
import { type FaultChange, type FaultSettings, faultChange, NO_FAULTS } from "./fault-state.ts";

/** What a change asks for beyond the settings. */
export interface FaultActions {
  readonly dropSockets: boolean;
  /** How long to stay away; undefined without a restart. */
  readonly restartDownMs: number | undefined;
}

/** The switchboard of everything that can go wrong. It outlives restarts of the server that it disturbs. */
export interface Faults {
  readonly settings: Readonly<FaultSettings>;
  /** @throws Error with one sentence per wrong member. */
  change(change: unknown): FaultActions;
  /** Whether the next prompt kills the worker; asking uses the fault up. */
  takeWorkerDeath(): boolean;
  isMissing(modelName: string): boolean;
  /** Disturbs a node before it runs. */
  interfere(classType: string, signal: AbortSignal): Promise<void>;
  /** What befalls a request. */
  strike(method: string, path: string): RequestFate | undefined;
}

export type RequestFate =
  | { readonly kind: "error"; readonly status: number }
  | { readonly kind: "hang" | "lost-answer" };

export function createFaults(initial: FaultChange = {}): Faults {
  let settings: FaultSettings = { ...NO_FAULTS };

  function change(wanted: unknown): FaultActions {
    const { reset, dropSockets, restart, ...more } = parseFaultChange(wanted);
    settings = { ...(reset === true ? NO_FAULTS : settings), ...withoutUndefined(more) };
    const downMs = restart === true ? 0 : restart?.downMs;
    return { dropSockets: dropSockets === true, restartDownMs: downMs };
  }

  /** Uses a fault once; the last use lifts it. */
  function use<Name extends "slowNode" | "outOfMemory" | "nodeError" | "httpErrors" | "hang" | "lostAnswer">(
    name: Name,
  ): void {
    const fault = settings[name];
    if (fault?.times === undefined) return;
    const left = fault.times - 1;
    settings = { ...settings, [name]: left === 0 ? null : { ...fault, times: left } };
  }

  async function interfere(classType: string, signal: AbortSignal): Promise<void> {
    const { slowNode, outOfMemory, nodeError } = settings;
    if (slowNode !== null && (slowNode.classType ?? classType) === classType) {
      use("slowNode");
      await setTimeout(slowNode.delayMs, undefined, { signal });
    }
    if (outOfMemory?.classType === classType) {
      use("outOfMemory");
      throw new NodeError("torch.OutOfMemoryError", OUT_OF_MEMORY);
    }
    if (nodeError?.classType === classType) {
      use("nodeError");
      throw new NodeError(nodeError.exceptionType, nodeError.message);
    }
  }

  function strike(method: string, path: string): RequestFate | undefined {
    const hits = (fault: { path?: string | undefined; method?: string | undefined } | null): boolean =>
      fault !== null && path.startsWith(fault.path ?? "/") && (fault.method ?? method) === method;
    const { httpErrors, hang, lostAnswer } = settings;
    if (hits(hang)) {
      use("hang");
      return { kind: "hang" };
    }
    if (httpErrors !== null && hits(httpErrors)) {
      use("httpErrors");
      return { kind: "error", status: httpErrors.status };
    }
    if (hits(lostAnswer)) {
      use("lostAnswer");
      return { kind: "lost-answer" };
    }
    return undefined;
  }

  change(initial);
  return {
    get settings() {
      return settings;
    },
    change,
    takeWorkerDeath() {
      const { workerDeath } = settings;
      settings = { ...settings, workerDeath: false };
      return workerDeath;
    },
    isMissing: (modelName) => settings.missingModels.includes(modelName),
    interfere,
    strike,
  };
}

/** @throws FaultError with what is wrong when these are no faults. */
export function parseFaultChange(wanted: unknown): z.output<typeof faultChange> {
  const parsed = faultChange.safeParse(wanted);
  if (parsed.success) return parsed.data;
  throw new FaultError(`these faults cannot be set: ${z.prettifyError(parsed.error)}`);
}

/** Somebody asked for a fault that does not exist. */
export class FaultError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "FaultError";
  }
}

/** What torch says, with the numbers of an 8 GB card. */
const OUT_OF_MEMORY =
  "CUDA out of memory. Tried to allocate 2.25 GiB. GPU 0 has a total capacity of 7.79 GiB of which 512.00 MiB is " +
  "free. Of the allocated memory 6.52 GiB is allocated by PyTorch, and 310.00 MiB is reserved by PyTorch but " +
  "unallocated.";

function withoutUndefined(
  change: { [Key in keyof FaultSettings]?: FaultSettings[Key] | undefined },
): Partial<FaultSettings> {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
}
