import { env } from "node:process";

const BARE = ["PATH", "HOME", "TMPDIR", "TZ", "LANG", "NODE_EXTRA_CA_CERTS"];

/** What any program needs and nothing that configures a service: what is measured runs on defaults, whatever the shell has set. */
export const bareEnvironment = (): Record<string, string> =>
  Object.fromEntries(BARE.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
