import { randomUUID } from "node:crypto";
import * as z from "zod";
import type { Transcript } from "./fixtures.ts";
import { send, sendJson } from "./http.ts";
import { finished } from "./prompts.ts";
import { connect, type Frame, isClosing, type Socket, untilComeAndGone } from "./socket.ts";

/** What came of sending a recorded request again. */
export interface Replay {
  readonly status: number;
  readonly body: unknown;
  /** What the submitting client heard. */
  readonly a: readonly Frame[];
  /** What a bystander heard. */
  readonly b: readonly Frame[];
  readonly history: Readonly<Record<string, unknown>>;
}

export interface ReplayOptions {
  /** The client says that it understands previews with metadata. */
  readonly wantsMetadata: boolean;
  /** Interrupts as soon as there is progress. */
  readonly interrupts: boolean;
}

/** One number for the whole replay: a server that has seen an earlier replay must not answer from its cache. */
const salt = Date.now() % 1_000_000;

function freshPrompt(prompt: Transcript["request"]["prompt"]): unknown {
  const text = JSON.stringify(prompt)
    .replace(/"(color|seed)":(\d+)/g, (_, key: string, value: string) => `"${key}":${salt + Number(value)}`)
    .replaceAll('"filename_prefix":"fx/', `"filename_prefix":"fx/${salt}`);
  return JSON.parse(text);
}

/** Undoes the salt in what came back, so that it can be compared with the recording. */
function unsalted(value: unknown): unknown {
  const text = JSON.stringify(value)
    .replace(/"(color|seed)":(\d+)/g, (_, key: string, number: string) => `"${key}":${Number(number) - salt}`)
    .replaceAll(`"filename_prefix":"fx/${salt}`, '"filename_prefix":"fx/')
    .replaceAll(`"filename":"${salt}`, '"filename":"');
  return JSON.parse(text);
}

const record = z.record(z.string(), z.unknown());
const unsaltedFrame = (frame: Frame): Frame =>
  "data" in frame ? { ...frame, data: record.parse(unsalted(frame.data)) } : frame;

async function waitForEnd(url: string, promptId: string, isAddressed: boolean, a: Socket, b: Socket): Promise<void> {
  if (isAddressed) {
    await a.until("closing executing", isClosing(promptId));
  }
  await finished(url, promptId);
  for (const socket of [a, b]) {
    await untilComeAndGone(socket);
  }
}

async function converse(
  url: string,
  { request }: Transcript,
  { wantsMetadata, interrupts }: ReplayOptions,
  a: Socket,
  b: Socket,
) {
  if (wantsMetadata) {
    a.send(JSON.stringify({ type: "feature_flags", data: { supports_preview_metadata: true } }));
    await a.until("feature flags", ({ type }) => type === "feature_flags");
  }
  const isAddressed = "client_id" in request;
  const body = { ...request, prompt: freshPrompt(request.prompt), prompt_id: randomUUID() };
  const answer = await sendJson(url, "/prompt", isAddressed ? { ...body, client_id: a.clientId } : body);
  if (interrupts) {
    await a.until("progress", ({ type }) => type === "progress");
    await send(url, { method: "POST", path: "/interrupt" });
  }
  await waitForEnd(url, body.prompt_id, isAddressed, a, b);
  const entries = record.parse((await send(url, { path: `/history/${body.prompt_id}` })).json());
  return { answer, history: record.parse(unsalted(entries[body.prompt_id])) };
}

/** Sends a recorded request again, with a bystander on a second socket, and keeps all that was said. */
export async function replay(url: string, transcript: Transcript, options: ReplayOptions): Promise<Replay> {
  const a = await connect(url, `client-a-${randomUUID()}`);
  const b = await connect(url, `client-b-${randomUUID()}`);
  try {
    const { answer, history } = await converse(url, transcript, options, a, b);
    return {
      status: answer.status,
      body: answer.json(),
      a: a.frames.map(unsaltedFrame),
      b: b.frames.map(unsaltedFrame),
      history,
    };
  } finally {
    await a.close();
    await b.close();
  }
}
