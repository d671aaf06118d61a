import ipaddr from "ipaddr.js";

// Globally routed in form, but inside Azure it is the host that hands out instance secrets.
const AZURE_HOST = "168.63.129.16";

/**
 * Whether an address lies on the public internet. Private, loopback, link-local (cloud metadata), carrier-grade NAT (also tailnets),
 * multicast, reserved and translated ranges do not, in whichever spelling.
 */
export function isPublicAddress(text: string): boolean {
  if (!ipaddr.isValid(text)) return false;
  // An IPv4 address wrapped in IPv6 is judged as the IPv4 address it reaches.
  const address = ipaddr.process(text);
  if (address.range() !== "unicast" || address.toString() === AZURE_HOST) return false;
  // The library calls `::7f00:1` unicast; the public internet of IPv6 is 2000::/3 alone.
  return address.kind() === "ipv4" || ((address.toByteArray()[0] ?? 0) & 0xe0) === 0x20;
}
