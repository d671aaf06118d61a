import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import type { Authenticated } from "../../access/caller.ts";
import { createWelcomeCheck } from "../../access/welcome-check.ts";
import { AppError, toAppError } from "../../errors.ts";
import { createId } from "../../ids.ts";
import type { AppDeps } from "../deps.ts";
import { assertScope, assertUnspent, hasCredentials } from "../middleware/admission.ts";
import { callerIp } from "./caller-ip.ts";
import { refuseUpgrade } from "./refuse-upgrade.ts";
import { sendEvents } from "./send-events.ts";

/** Nothing is read from listeners. */
const MESSAGE_SIZE_BYTES_MAX = 1_024;
const EVENTS_PATH = /^\/ws\/jobs\/([\w-]{1,64})$/;

/** The address of a socket, before anything of it is believed. */
interface Asked {
  readonly jobId: string;
  readonly ticket: string | undefined;
  readonly lastEventId: string | undefined;
  readonly hasPreviews: boolean;
}

export interface SocketDoor {
  /** Takes the server's `upgrade` event. */
  readonly upgrade: (req: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** Cuts whatever has not closed by itself. */
  close(): void;
}

/**
 * `WS /ws/jobs/{id}`: a job's events as messages. Opened by the headers that open the event stream, or in a browser by a ticket in
 * `?ticket=`; refused with the status and the body of any other request.
 */
export function createSocketDoor(deps: AppDeps): SocketDoor {
  const { verbs, draining, log } = deps;
  const admit = createAdmit(deps);
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MESSAGE_SIZE_BYTES_MAX, perMessageDeflate: false });

  async function open(req: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const asked = readAddress(req);
    if (draining.aborted) throw new AppError("draining", "The service is being restarted: try again in a moment.");
    const authenticated = await admit(req, asked);
    const over = new AbortController();
    const { jobId: id, hasPreviews, lastEventId } = asked;
    const { ownerId } = authenticated.caller;
    const followed = await verbs.followJob({
      ...{ ownerId, id, hasPreviews, signal: over.signal },
      ...(lastEventId !== undefined && { lastEventId }),
    });
    // Not upgraded (no WebSocket after all, or gone by now): nobody will read the events.
    const abort = () => over.abort(new Error("The connection closed."));
    socket.once("close", abort);
    // Gone already: its end was told before anybody listened.
    if (socket.destroyed) abort();
    sockets.handleUpgrade(req, socket, head, (opened: WebSocket) => {
      const isStillWelcome = createWelcomeCheck(deps, authenticated.caller);
      void sendEvents(opened, followed, { over, draining, isStillWelcome, log });
    });
  }

  return {
    upgrade(req, socket, head) {
      const requestId = createId();
      // A peer that hangs up while we look at it would otherwise end the process.
      socket.on("error", () => socket.destroy());
      open(req, socket, head).catch((thrown: unknown) => {
        const error = toAppError(thrown);
        if (error.code === "internal_error") log.error({ requestId, cause: error.cause }, "An upgrade failed.");
        refuseUpgrade(socket, error, requestId);
      });
    },
    close() {
      for (const client of sockets.clients) client.terminate();
    },
  };
}

function readAddress(req: IncomingMessage): Asked {
  const url = URL.parse(req.url ?? "", "http://localhost");
  const [, jobId] = EVENTS_PATH.exec(url?.pathname ?? "") ?? [];
  if (url === null || jobId === undefined || req.headers.upgrade?.toLowerCase() !== "websocket")
    throw new AppError("not_found", "There is no such socket: expected a WebSocket at /ws/jobs/{id}.");
  const { searchParams } = url;
  return {
    jobId,
    ticket: searchParams.get("ticket") ?? undefined,
    lastEventId: searchParams.get("lastEventId") ?? undefined,
    hasPreviews: searchParams.get("preview") === "true",
  };
}

/** Who is calling, within which limits: as the guard asks whoever reads a job. */
function createAdmit(deps: AppDeps) {
  const { authenticate, streamTickets, limitRequest, ipGuard, spendSignature, flags } = deps;
  const prefix = deps.publicUrl ? new URL(deps.publicUrl).pathname.replace(/\/$/, "") : "";

  async function identify(req: IncomingMessage, { ticket, jobId }: Asked): Promise<Authenticated> {
    if (ticket !== undefined && !hasCredentials(req)) return { caller: await streamTickets.redeem(ticket, jobId) };
    const { headers, url = "" } = req;
    return authenticate.byProof({ method: "GET", target: prefix + url, headers, body: new Uint8Array() });
  }

  return async function admit(req: IncomingMessage, asked: Asked): Promise<Authenticated> {
    try {
      const authenticated = await identify(req, asked);
      await assertUnspent(authenticated, spendSignature);
      await limitRequest(authenticated.caller, "jobReads");
      assertScope(authenticated.caller, "read");
      return authenticated;
    } catch (error) {
      if (error instanceof AppError && error.status === 401)
        await ipGuard.recordFailure(callerIp(req, flags.proxyHops));
      throw error;
    }
  };
}
