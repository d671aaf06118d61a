import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as z from "zod";

const contractFixture = (name: string): URL => new URL(`../../../contracts/comfyui/fixtures/${name}`, import.meta.url);
const ownFixture = (name: string): URL => new URL(`./fixtures/${name}`, import.meta.url);

const node = z.looseObject({ class_type: z.string(), inputs: z.record(z.string(), z.unknown()) });
const graph = z.record(z.string(), node);

const frame = z.object({
  socket: z.string(),
  text: z.object({ type: z.string(), data: z.record(z.string(), z.unknown()) }).optional(),
  binary: z.object({ event: z.number(), length: z.number(), head_hex: z.string() }).optional(),
  closed: z.string().optional(),
});

const transcript = z.object({
  description: z.string(),
  request: z.looseObject({ prompt: graph, prompt_id: z.string() }),
  response: z.object({ status: z.number(), body: z.unknown() }),
  frames: z.array(frame),
  history: z.record(z.string(), z.unknown()),
});
export type Transcript = z.infer<typeof transcript>;

const recordedAnswer = z.object({
  request: z.record(z.string(), z.unknown()),
  status: z.number(),
  body: z.record(z.string(), z.unknown()),
});
export type RecordedAnswer = z.infer<typeof recordedAnswer>;

const readJson = (url: URL): unknown => JSON.parse(readFileSync(url, "utf8"));

/** Sockets and history as a real 0.3.64 produced them, by scenario, in the order in which they were recorded. */
export function readTranscripts(): Record<string, Transcript> {
  return z.record(z.string(), transcript).parse(readJson(contractFixture("ws-transcripts.json")));
}

/** What a real 0.3.64 answered to `POST /prompt`, by case. */
export function readValidationAnswers(): Record<string, RecordedAnswer> {
  return z.record(z.string(), recordedAnswer).parse(readJson(contractFixture("validation-responses.json")));
}

/** 106 node classes as a real 0.3.64 described them, without words for people and lists of files. */
export function readSlimObjectInfo(): Record<string, unknown> {
  return z.record(z.string(), z.unknown()).parse(readJson(contractFixture("object_info.slim.json")));
}

export function readGraph(name: string): z.infer<typeof graph> {
  return graph.parse(readJson(contractFixture(`graphs/${name}.json`)));
}

export function listGraphs(): string[] {
  return readdirSync(fileURLToPath(contractFixture("graphs/"))).map((file) => file.replace(/\.json$/, ""));
}

/** A file that was made for this suite or recorded from a real server. */
export function readFixture(name: string): Buffer {
  return readFileSync(ownFixture(name));
}
