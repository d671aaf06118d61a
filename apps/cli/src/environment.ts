import { env } from "node:process";

/** What the commands of this CLI understand of the environment; the service reads the rest of it itself. */
export interface Environment {
  readonly comfyuiUrl: string | undefined;
  readonly apiKeys: string | undefined;
  readonly apiSecret: string | undefined;
  readonly port: string | undefined;
  readonly host: string | undefined;
  readonly dataDirectory: string | undefined;
  /** All of it, for a child that is configured by whoever calls. */
  readonly all: NodeJS.ProcessEnv;
  /** What any program needs and nothing that configures a service: for a child that must run on defaults. */
  readonly bare: NodeJS.ProcessEnv;
}

const BARE = ["PATH", "HOME", "TMPDIR", "TZ", "LANG", "NODE_EXTRA_CA_CERTS"];

/** An empty text counts as absent. */
const read = (name: string): string | undefined => env[name] || undefined;

export function readEnvironment(): Environment {
  return {
    comfyuiUrl: read("COMFYUI_URL"),
    apiKeys: read("COMFYUI_API_KEYS"),
    apiSecret: read("COMFYUI_API_SECRET"),
    port: read("PORT"),
    host: read("HOST"),
    dataDirectory: read("DATA_DIR"),
    all: { ...env },
    bare: Object.fromEntries(BARE.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]]))),
  };
}
