import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { CachePolicy } from "./execution/cache.ts";
import { parseFaultChange } from "./faults/faults.ts";
import type { EmulatorOptions, PreviewMethod } from "./options.ts";
import { isProfileName } from "./profiles/profile.ts";

export const USAGE = `Usage: comfyui-emulator [options]

  --port N                    port, 0 takes a free one (default 8188)
  --host ADDRESS              address to listen on (default 127.0.0.1)
  --base-directory DIR        holds input/ output/ temp/ models/ user/ (default: a temporary folder)
  --profile 0.3.64|newer      which ComfyUI is copied (default 0.3.64)
  --speed FACTOR              simulated durations are divided by this; "max" spends none (default 1)
  --step-ms N                 length of a sampler step at speed 1 (default 80)
  --preview-method METHOD     none, auto, latent2rgb or taesd (default latent2rgb)
  --cache-classic | --cache-none | --cache-lru N
  --enable-cors-header ORIGIN
  --max-upload-size MB        default 100
  --models JSON               pretended model files by folder: {"checkpoints": ["a.safetensors"]}
  --faults JSON               what goes wrong from the start, as POST /emulator/faults takes it
  --log FILE                  appends a JSON line per accepted prompt and finished render
  --help
`;

const OPTIONS = {
  port: { type: "string" },
  host: { type: "string" },
  "base-directory": { type: "string" },
  profile: { type: "string" },
  speed: { type: "string" },
  "step-ms": { type: "string" },
  "preview-method": { type: "string" },
  "cache-classic": { type: "boolean" },
  "cache-none": { type: "boolean" },
  "cache-lru": { type: "string" },
  "enable-cors-header": { type: "string" },
  "max-upload-size": { type: "string" },
  models: { type: "string" },
  faults: { type: "string" },
  log: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

type Values = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>["values"];

/**
 * Reads the command line; "help" when it asks for that.
 * @throws Error with one sentence when an argument is unknown or has no such value.
 */
export function parseCommandLine(args: readonly string[]): EmulatorOptions | "help" {
  const { values } = parseArgs({ args: [...args], options: OPTIONS });
  if (values.help === true) return "help";
  const options: { [Key in keyof EmulatorOptions]: EmulatorOptions[Key] | undefined } = {
    port: numberOf(values, "port") ?? 8188,
    host: values.host,
    baseDirectory: values["base-directory"],
    profile: profileOf(values.profile),
    speed: values.speed === "max" ? Number.POSITIVE_INFINITY : numberOf(values, "speed"),
    stepMs: numberOf(values, "step-ms"),
    previewMethod: previewMethodOf(values["preview-method"]),
    cache: cacheOf(values),
    corsOrigin: values["enable-cors-header"],
    maxUploadMegabytes: numberOf(values, "max-upload-size"),
    models: values.models === undefined ? undefined : modelsOf(values.models),
    faults: values.faults === undefined ? undefined : parseFaultChange(jsonOf("faults", values.faults)),
    logFile: values.log,
  };
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

function numberOf(values: Values, name: "port" | "speed" | "step-ms" | "max-upload-size" | "cache-lru") {
  const text = values[name];
  if (text === undefined) return undefined;
  const number = Number(text);
  if (text.trim() === "" || !(number >= 0))
    throw new Error(`--${name}: expected a number of at least 0, got "${text}"`);
  return number;
}

function profileOf(text: string | undefined) {
  if (text === undefined || isProfileName(text)) return text;
  throw new Error(`--profile: expected 0.3.64 or newer, got "${text}"`);
}

function previewMethodOf(text: string | undefined): PreviewMethod | undefined {
  if (text === undefined || text === "none" || text === "auto" || text === "latent2rgb" || text === "taesd")
    return text;
  throw new Error(`--preview-method: expected none, auto, latent2rgb or taesd, got "${text}"`);
}

function cacheOf(values: Values): CachePolicy | undefined {
  const lru = numberOf(values, "cache-lru");
  if (lru !== undefined) return { lru };
  if (values["cache-none"] === true) return "none";
  return values["cache-classic"] === true ? "classic" : undefined;
}

/** JSON itself, or `@file`. */
function jsonOf(name: string, text: string): unknown {
  const source = text.startsWith("@") ? readFileSync(text.slice(1), "utf8") : text;
  try {
    return JSON.parse(source);
  } catch {
    throw new Error(`--${name}: expected JSON, or @ and the name of a file with it, got "${text}"`);
  }
}

function modelsOf(text: string): Record<string, readonly string[]> {
  const models: unknown = jsonOf("models", text);
  const isObject = typeof models === "object" && models !== null && !Array.isArray(models);
  const folders = isObject ? Object.entries(models) : [];
  const isRight =
    isObject && folders.every(([, names]) => Array.isArray(names) && names.every((name) => typeof name === "string"));
  if (!isRight) throw new Error(`--models: expected {"folder": ["file", …]}, got "${text}"`);
  return Object.fromEntries(folders);
}
