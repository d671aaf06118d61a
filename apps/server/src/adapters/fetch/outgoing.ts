import { lookup as lookupSystem } from "node:dns/promises";
import type { RemoteFiles } from "../../assets/remote-file.ts";
import type { CallbackSender } from "../../jobs/outbox.ts";
import { createCallbackSender } from "./callback-sender.ts";
import { createGuardedAgent } from "./guarded-agent.ts";
import { createRemoteFiles } from "./remote-files.ts";
import { createPublicPolicy, type UrlPolicy } from "./url-policy.ts";

/** Everything that goes out to addresses of callers. */
export interface Outgoing {
  readonly files: RemoteFiles;
  readonly sender: CallbackSender;
  close(): Promise<void>;
}

/** For development and closed networks: http, and names of the hosts file. Also opens cloud metadata to callers. */
const openPolicy: UrlPolicy = {
  isHttpAllowed: true,
  isAddressAllowed: () => true,
  lookup: async (hostname) => (await lookupSystem(hostname, { all: true })).map(({ address }) => address),
};

/**
 * @param options.arePrivateUrlsAllowed `ALLOW_PRIVATE_URLS`: lets callers reach this machine and its network
 * @example const outgoing = createOutgoing({ arePrivateUrlsAllowed: false });
 */
export function createOutgoing(options: { arePrivateUrlsAllowed: boolean }): Outgoing {
  const policy = options.arePrivateUrlsAllowed ? openPolicy : createPublicPolicy();
  const agent = createGuardedAgent(policy);
  // Of their own: many owners' deliveries go to the same few hosts, and one owner's slow answers must not hold another's connections.
  const senderAgent = createGuardedAgent(policy, { connectionsMax: 64 });
  return {
    files: createRemoteFiles({ policy, agent }),
    sender: createCallbackSender({ policy, agent: senderAgent }),
    // What is still under way has its own deadline; a stopping service does not wait for it.
    close: async () => void (await Promise.all([agent.destroy(), senderAgent.destroy()])),
  };
}
