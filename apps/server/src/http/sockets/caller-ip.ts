import type { IncomingMessage } from "node:http";

/** The address of the caller behind so many proxies of ours; what stands further left in the header, anybody may have written. */
export function callerIp(req: IncomingMessage, proxyHops: number): string {
  const forwarded = [req.headers["x-forwarded-for"] ?? []].flat().join(",");
  const chain = [...forwarded.split(",").map((part) => part.trim()), req.socket.remoteAddress ?? ""].filter(Boolean);
  return chain.at(-1 - Math.min(proxyHops, chain.length - 1)) ?? "";
}
