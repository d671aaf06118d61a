import type { IncomingMessage } from "node:http";
import { headerNames } from "@comfy/contracts";
import type { Authenticated } from "../access/caller.ts";
import type { AppDeps } from "./deps.ts";

/** Whether the key that opened a stream is still one. Who came with a ticket has no key to look at. */
export function createStillWelcome({ authenticate }: Pick<AppDeps, "authenticate">) {
  return async function isStillWelcome(req: IncomingMessage, { caller }: Authenticated): Promise<boolean> {
    const key = req.headers[headerNames.apiKey];
    if (key === undefined) return true;
    try {
      // The signature was checked when the stream was opened, and has grown old since.
      const request = { method: "GET", target: "", headers: { [headerNames.apiKey]: key }, body: new Uint8Array() };
      return (await authenticate.byKey(request)).caller.ownerId === caller.ownerId;
    } catch {
      return false;
    }
  };
}
