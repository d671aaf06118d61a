import { signRequest } from "@comfy/signing";
import type { Agent } from "undici";
import type { Key, RunningServer } from "../parts/server.ts";
import { readBytes, sendJson } from "./http.ts";

interface Result {
  readonly signedUrl: string;
}

interface Queued {
  readonly jobId: string;
  readonly pollUrl: string;
}

/** A caller of the service, as its documentation tells to call it. */
export interface Caller {
  /** `POST /image` and the file its `signedUrl` names, to the last byte. */
  generate(index: number, signal: AbortSignal): Promise<void>;
  /** `POST /image`, answered when the picture is there; the file is not fetched. */
  generateOnly(index: number, signal: AbortSignal): Promise<void>;
  /** `POST /image/async`. */
  submit(index: number, signal: AbortSignal): Promise<Queued>;
}

export interface CallerOptions {
  readonly server: Pick<RunningServer, "url" | "secret">;
  /** Requests go round these. */
  readonly keys: readonly Key[];
  readonly agent: Agent;
  readonly sizeBytes: number;
}

export function createCaller({ server, keys, agent, sizeBytes }: CallerOptions): Caller {
  async function post<Body>(target: string, index: number, signal: AbortSignal): Promise<Body> {
    const keyId = keys[index % keys.length]?.key ?? "";
    const body = JSON.stringify({ prompt: `a lighthouse at dusk, number ${index}`, width: 1024, height: 1024 });
    const signed = await signRequest({ version: 2, keyId, secret: server.secret, method: "POST", target, body });
    const headers = { "content-type": "application/json", ...signed };
    return sendJson<Body>(server.url + target, { method: "POST", body, headers, dispatcher: agent, signal });
  }

  return {
    async generate(index, signal) {
      const { signedUrl } = await post<Result>("/image", index, signal);
      await readBytes(signedUrl, { dispatcher: agent, signal, sizeBytes });
    },
    async generateOnly(index, signal) {
      await post<Result>("/image", index, signal);
    },
    submit: (index, signal) => post<Queued>("/image/async", index, signal),
  };
}
