import {
  type Graph,
  type NodeErrors,
  promptAccepted,
  promptIdPattern,
  promptRefused,
  promptRequest,
} from "@comfy/comfyui-contract";
import { type ComfyUiError, toComfyUiError, toStatusError } from "./errors.ts";
import { type Http, parseAnswer, type TextAnswer } from "./http.ts";
import { toJson } from "./json.ts";
import type { ComfyUiLog } from "./log.ts";
import type { Socket } from "./socket.ts";
import type { Timeouts } from "./timeouts.ts";
import type { Tracks } from "./tracks.ts";

export interface SubmitOptions {
  /** A lowercase UUID of yours, fresh for every submission: the server runs duplicates twice and then hides one. */
  readonly promptId: string;
  readonly graph: Graph;
  /** Kept with the prompt in queue and history; `extra_pnginfo` in it is written into files. */
  readonly extraData?: Readonly<Record<string, unknown>>;
  /** Lower runs first. Absent: behind all that wait. */
  readonly number?: number;
  /** Called right before the request leaves, after every wait. What it throws is thrown, and nothing was sent. */
  readonly onSend?: () => void;
  readonly signal?: AbortSignal;
}

/** One thing that is wrong with one node. */
export interface GraphProblem {
  readonly nodeId: string;
  readonly classType: string;
  readonly input?: string;
  /** The server's word, e.g. `value_not_in_list`. */
  readonly type: string;
  readonly message: string;
  readonly details: string;
}

export type Submitted =
  | { readonly type: "accepted"; readonly number: number }
  /** Not valid as a whole; nothing of it will run. `problems` is empty when the server only spoke of the graph. */
  | {
      readonly type: "refused";
      readonly reason: string;
      readonly message: string;
      readonly problems: readonly GraphProblem[];
    }
  /** The answer was lost: the prompt may be queued, or be about to be. Look for it, never send it again under the same id. */
  | { readonly type: "unknown"; readonly error: ComfyUiError }
  /** It certainly was not queued. */
  | { readonly type: "unreachable"; readonly error: ComfyUiError };

export interface SubmitParts {
  readonly http: Http;
  readonly socket: Socket;
  readonly tracks: Tracks;
  readonly clientId: string;
  readonly timeouts: Timeouts;
  readonly log: ComfyUiLog;
  /** Takes back a prompt of which only a part would run. */
  readonly takeBack: (promptId: string) => Promise<unknown>;
  /** Called when the server did not answer as it should. */
  readonly onTrouble: () => void;
}

type Refused = Extract<Submitted, { type: "refused" }>;

/** The server broadcasts its new queue length at once; this long without a word means that it forgot our socket. */
const NEWS_MS = 2_000;

const toProblems = (errors: NodeErrors): GraphProblem[] =>
  Object.entries(errors).flatMap(([nodeId, node]) =>
    node.errors.map(({ type, message, details, extra_info }) => ({
      nodeId,
      classType: node.class_type,
      type,
      message,
      details,
      ...(extra_info.input_name === undefined ? {} : { input: extra_info.input_name }),
    })),
  );

/** What would kill the worker of an older server is refused here, with the node named, and never sent. */
function checkGraph(graph: Graph): Refused | undefined {
  const parsed = promptRequest.shape.prompt.safeParse(graph);
  if (parsed.success) return undefined;
  const problems = parsed.error.issues.map((issue): GraphProblem => {
    const [nodeId, ...rest] = issue.path.map(String);
    const details = `${rest.join(".") || "node"}: ${issue.message}`;
    return { nodeId: nodeId ?? "", classType: "", type: "invalid_prompt", message: "The node is malformed", details };
  });
  return { type: "refused", reason: "invalid_prompt", message: "The graph is malformed.", problems };
}

function toRefused(text: string): Refused {
  try {
    const { error, node_errors } = parseAnswer(promptRefused, text, "POST /prompt");
    const message = error.details ? `${error.message}: ${error.details}` : error.message;
    return { type: "refused", reason: error.type, message, problems: toProblems(node_errors) };
  } catch {
    return { type: "refused", reason: "refused", message: text.slice(0, 200) || "Status 400.", problems: [] };
  }
}

export function createSubmit(parts: SubmitParts) {
  const { http, socket, tracks, clientId, timeouts, log } = parts;

  async function accept(promptId: string, text: string, sentAt: number): Promise<Submitted> {
    const { number, node_errors } = parseAnswer(promptAccepted, text, "POST /prompt");
    const problems = toProblems(node_errors);
    if (problems.length === 0) {
      // Often told before the answer is.
      socket.expectNews(sentAt, NEWS_MS);
      return { type: "accepted", number };
    }
    // Only the valid outputs would run, and the caller would be charged for half a result.
    await parts.takeBack(promptId).catch((error: unknown) => {
      log.warn({ err: error, promptId }, "A partly valid prompt could not be taken back.");
    });
    return { type: "refused", reason: "partly_valid", message: "Some outputs of the graph are not valid.", problems };
  }

  async function readAnswer(promptId: string, { status, text }: TextAnswer, sentAt: number): Promise<Submitted> {
    if (status === 200) return accept(promptId, text, sentAt);
    if (status === 400 || status === 413) return toRefused(text);
    const error = toStatusError(status, "POST /prompt", text);
    // 500 is also the answer to a prompt that was queued nevertheless, and a proxy says 502 or 504 of a request that arrived. Below 500,
    // and with 503, which the server itself never says, "not queued" is certain.
    return { type: status >= 500 && status !== 503 ? "unknown" : "unreachable", error };
  }

  async function send(options: SubmitOptions): Promise<Submitted> {
    const { promptId, graph, extraData = {}, number, signal } = options;
    const body = toJson({
      prompt: graph,
      prompt_id: promptId,
      client_id: clientId,
      extra_data: extraData,
      ...(number === undefined ? {} : { number }),
    });
    const headers = { "content-type": "application/json" };
    try {
      const request = { method: "POST", path: "/prompt", body, headers, signal, timeoutMs: timeouts.submitMs } as const;
      const sentAt = performance.now();
      return await readAnswer(promptId, await http.send(request), sentAt);
    } catch (thrown) {
      const error = toComfyUiError(thrown, "POST /prompt");
      return { type: error.isUnsent ? "unreachable" : "unknown", error };
    }
  }

  /**
   * Sends a graph. The prompt is tracked on the socket from before the request leaves, so follow it soon after.
   * @throws TypeError for a prompt id that is not a lowercase UUID; the signal's reason when it was aborted before sending, and what `onSend` throws
   */
  return async function submit(options: SubmitOptions): Promise<Submitted> {
    const { promptId, graph, signal } = options;
    if (!promptIdPattern.test(promptId)) {
      throw new TypeError(`The prompt id "${promptId}" is not a lowercase UUID with hyphens.`);
    }
    const malformed = checkGraph(graph);
    if (malformed) return malformed;
    signal?.throwIfAborted();
    const track = tracks.open(promptId, graph);
    await socket.ready(timeouts.socketMs);
    track.connection = socket.connection;
    try {
      signal?.throwIfAborted();
      options.onSend?.();
      track.sentAt = performance.now();
    } catch (error) {
      tracks.close(promptId);
      throw error;
    }
    const submitted = await send(options);
    if (submitted.type === "refused" || submitted.type === "unreachable") tracks.close(promptId);
    if (submitted.type === "unknown" || submitted.type === "unreachable") parts.onTrouble();
    return submitted;
  };
}
