import type { LookupFunction } from "node:net";
import { isIP } from "node:net";
import { Agent, buildConnector } from "undici";
import { OutgoingError, toHost, type UrlPolicy } from "./url-policy.ts";

// Longer than two name servers that stay silent: one of A and AAAA may be all there is.
const CONNECT_TIMEOUT_MS = 10_000;

const refused = () => new OutgoingError("the address is not on the public internet");

/** Looks a name up and refuses it as a whole when any of its addresses is not allowed: such a name is up to something. */
function toGuardedLookup({ lookup, isAddressAllowed }: UrlPolicy): LookupFunction {
  const resolve = async (hostname: string) => {
    const addresses = await lookup(hostname);
    if (!addresses.every(isAddressAllowed)) throw refused();
    return addresses.map((address) => ({ address, family: isIP(address) }));
  };
  return (hostname, options, callback) => {
    resolve(hostname).then(
      ([first, ...others]) => {
        if (!first) return callback(new OutgoingError("the name was not found"), "");
        if (options.all) return callback(null, [first, ...others]);
        callback(null, first.address, first.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, ""),
    );
  };
}

export interface GuardedAgentOptions {
  /** Open at once to one origin; more requests wait for one of them. */
  readonly connectionsMax?: number;
}

/**
 * Connections that never leave the policy: a literal address is judged before the dial, a name at each dial (what it resolves to may
 * change between two), and the socket once more by the address it has reached. Proxy variables of the environment are not read.
 */
export function createGuardedAgent(policy: UrlPolicy, { connectionsMax = 16 }: GuardedAgentOptions = {}): Agent {
  const dial = buildConnector({
    allowH2: false,
    timeout: CONNECT_TIMEOUT_MS,
    lookup: toGuardedLookup(policy),
  });
  return new Agent({
    connections: connectionsMax,
    // Idle connections are of no use: hardly any caller names a host twice in a row.
    keepAliveTimeout: 1_000,
    connect(options, callback) {
      const host = toHost(options.hostname);
      if (isIP(host) !== 0 && !policy.isAddressAllowed(host)) return callback(refused(), null);
      dial(options, (...[error, socket]) => {
        if (error) return callback(error, null);
        if (policy.isAddressAllowed(socket.remoteAddress ?? "")) return callback(null, socket);
        socket.destroy();
        callback(refused(), null);
      });
    },
  });
}
