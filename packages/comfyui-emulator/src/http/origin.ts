/**
 * ComfyUI's guard against foreign pages that talk to a server on this machine: with a loopback `Host`, an `Origin`
 * must name the same host. Ports count only when both sides have one.
 */
export function isForeignOrigin(host: string | undefined, origin: string | undefined): boolean {
  if (host === undefined || origin === undefined) return false;
  const own = split(host);
  const other = split(URL.canParse(origin) ? new URL(origin).host : "");
  if (!isLoopback(own.name) || other.name === "") return false;
  if (own.name !== other.name) return true;
  return own.port !== "" && other.port !== "" && own.port !== other.port;
}

function split(host: string): { name: string; port: string } {
  const [, name = "", port = ""] = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(host.toLowerCase()) ?? [];
  return { name, port };
}

function isLoopback(name: string): boolean {
  return name === "localhost" || name === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(name);
}

/** What `--enable-cors-header` adds to every answer. */
export function describeCors(origin: string, isNewer: boolean): Readonly<Record<string, string>> {
  return {
    "Access-Control-Allow-Origin": origin,
    "Access-Control-Allow-Methods": `POST, GET, DELETE, PUT, OPTIONS${isNewer ? ", PATCH" : ""}`,
    "Access-Control-Allow-Headers": "Content-Type, Authorization",
    "Access-Control-Allow-Credentials": "true",
  };
}
