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

/**
 * Ports of services that speak no HTTP and might act on what a request says: mail, name and file servers, databases, remote shells.
 * Browsers refuse most of them for the same reason.
 */
const otherServices = new Set(
  "7 9 13 19 21 22 23 25 37 42 43 53 69 79 110 111 113 119 123 135 137 139 143 161 179 389 427 445 465 512 513 514 515 548 554 587 601 636 873 989 990 993 995 1433 1521 1719 1720 1723 2049 2375 2379 3306 3389 3659 4045 4190 5060 5432 5672 5900 6000 6379 6566 6665 6666 6667 6697 9092 9200 11211 27017".split(
    " ",
  ),
);

const isOtherService = (port: string): boolean => otherServices.has(port);

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
  if (isOtherService(url.port)) throw new OutgoingError("its port belongs to a service that is no web server");
  const host = toHost(url.hostname);
  const isLocalName = /(^|\.)localhost\.?$/i.test(host) && !policy.isAddressAllowed("127.0.0.1");
  // The parser has turned every spelling of an IPv4 address (2130706433, 0x7f.1, 127.1) into the plain one.
  if (isLocalName || (isIP(host) !== 0 && !policy.isAddressAllowed(host))) {
    throw new OutgoingError("the address is not on the public internet");
  }
  return url;
}
