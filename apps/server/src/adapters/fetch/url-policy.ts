import { Resolver } from "node:dns/promises";
import { isIP } from "node:net";
import { isPublicAddress } from "./public-address.ts";

/** Every address of a name. Rejects when there is none. */
export type Lookup = (hostname: string) => Promise<readonly string[]>;

/** Where the service may be sent by a caller. */
export interface UrlPolicy {
  readonly isHttpAllowed: boolean;
  isAddressAllowed(address: string): boolean;
  readonly lookup: Lookup;
}

/** A refusal or failure as half a sentence that is safe to show: it names no address that the caller did not. */
export class OutgoingError extends Error {
  constructor(reason: string, options?: ErrorOptions) {
    super(reason, options);
    this.name = "OutgoingError";
  }
}

/**
 * Asks the name servers directly. `dns.lookup` would occupy one of four threads that files and crypto also need, for as long as a
 * hostile name server cares to be silent; and it reads the hosts file, whose names are never public.
 */
const resolvePublic: Lookup = async (hostname) => {
  const resolver = new Resolver({ timeout: 2_000, tries: 2 });
  const answers = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]);
  const addresses = answers.flatMap((answer) => (answer.status === "fulfilled" ? answer.value : []));
  if (addresses.length > 0) return addresses;
  throw answers.find((answer) => answer.status === "rejected")?.reason ?? new Error("The name has no address.");
};

/** The internet and nothing else. */
export function createPublicPolicy(lookup: Lookup = resolvePublic): UrlPolicy {
  return { isHttpAllowed: false, isAddressAllowed: isPublicAddress, lookup };
}

/** The host of a URL as the socket takes it. */
export const toHost = (hostname: string): string => hostname.replace(/^\[|\]$/g, "");

/**
 * Reads an address that a caller named, as far as it can be judged without a look at the network.
 * @throws OutgoingError
 */
export function parseOutgoingUrl(text: string, policy: UrlPolicy): URL {
  const expected = policy.isHttpAllowed ? "an http or https address" : "an https address";
  if (!URL.canParse(text)) throw new OutgoingError(`expected ${expected}`);
  const url = new URL(text);
  const isSchemeAllowed = url.protocol === "https:" || (policy.isHttpAllowed && url.protocol === "http:");
  if (!isSchemeAllowed) throw new OutgoingError(`expected ${expected}`);
  if (url.username || url.password) throw new OutgoingError("expected an address without a user name or password");
  const host = toHost(url.hostname);
  const isLocalName = /(^|\.)localhost\.?$/i.test(host) && !policy.isAddressAllowed("127.0.0.1");
  // The parser has turned every spelling of an IPv4 address (2130706433, 0x7f.1, 127.1) into the plain one.
  if (isLocalName || (isIP(host) !== 0 && !policy.isAddressAllowed(host))) {
    throw new OutgoingError("the address is not on the public internet");
  }
  return url;
}
