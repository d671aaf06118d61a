import * as z from "zod";
import { createEmulator } from "../src/index.ts";
import { send } from "./http.ts";
import { probeNodes } from "./probe-nodes.ts";

/** The server under test: a real ComfyUI, or an emulator started for one test file. */
export interface Target {
  readonly url: string;
  readonly isEmulator: boolean;
  readonly version: string;
  /** A server after 0.3.64's ways: UUIDs checked, `/api/jobs`, `missing_node_type`. */
  readonly isNewer: boolean;
  /** Whether the server sends pictures of sampling (`--preview-method`). */
  readonly hasPreviews: boolean;
  hasClass(classType: string): Promise<boolean>;
  close(): Promise<void>;
}

const stats = z.looseObject({
  system: z.looseObject({ comfyui_version: z.string(), argv: z.array(z.string()).default([]) }),
});

/** The first version that refuses prompt ids which are not UUIDs lies between these; nothing is promised for it. */
const LAST_OLD = [0, 3, 64] as const;

function isAfter(version: string, last: readonly number[]): boolean {
  const parts = version.split(".").map(Number);
  const differing = last.findIndex((part, index) => parts[index] !== part);
  return differing >= 0 && (parts[differing] ?? 0) > (last[differing] ?? 0);
}

/** Where the suite is pointed: a URL given from outside, and whether that server may be harmed. */
export const given = {
  url: process.env.COMFYUI_CONFORMANCE_URL?.replace(/\/+$/, ""),
  mayHarm: process.env.COMFYUI_CONFORMANCE_DESTRUCTIVE === "1",
};

/** Fast enough not to wait for pictures, slow enough to be caught sampling: 5000 steps take 40 s. */
const EMULATOR_SPEED = 10;

async function describeTarget(url: string, isEmulator: boolean, close: () => Promise<void>): Promise<Target> {
  const answer = await send(url, { path: "/system_stats" });
  const { comfyui_version: version, argv } = stats.parse(answer.json()).system;
  const known = new Map<string, boolean>();
  const flag = argv.indexOf("--preview-method");
  return {
    url,
    isEmulator,
    version,
    isNewer: isAfter(version, LAST_OLD),
    hasPreviews: isEmulator || (flag >= 0 && argv[flag + 1] !== "none"),
    async hasClass(classType) {
      const info =
        known.get(classType) ??
        classType in
          z.looseObject({}).parse((await send(url, { path: `/object_info/${encodeURIComponent(classType)}` })).json());
      known.set(classType, info);
      return info;
    },
    close,
  };
}

export interface EmulatorChoice {
  readonly profile?: "0.3.64" | "newer";
  /** Simulated durations are divided by this. */
  readonly speed?: number;
}

/** An emulator of its own, whatever the suite is pointed at. */
export async function openEmulator({
  profile = "0.3.64",
  speed = EMULATOR_SPEED,
}: EmulatorChoice = {}): Promise<Target> {
  const emulator = await createEmulator({ profile, speed, extraNodes: probeNodes });
  return await describeTarget(emulator.url, true, () => emulator.close());
}

/** The server under test. One that is already running must have an idle queue: the suite counts what is in it. */
export async function openTarget(choice?: EmulatorChoice): Promise<Target> {
  return given.url === undefined ? await openEmulator(choice) : await describeTarget(given.url, false, async () => {});
}
