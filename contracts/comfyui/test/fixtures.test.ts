import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import {
  fileReference,
  frameKinds,
  graph,
  historyEntry,
  inputErrorTypes,
  isLink,
  objectInfo,
  parseSocketMessage,
  previewFormats,
  previewMetadata,
  promptAccepted,
  promptErrorTypes,
  promptRefused,
} from "../src/index.ts";

const readJson = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../fixtures/${name}`, import.meta.url), "utf8"));

const recordedAnswer = z.object({ status: z.number(), body: z.unknown() });
const transcript = z.object({
  response: recordedAnswer,
  history: z.unknown().optional(),
  frames: z.array(z.looseObject({ text: z.unknown().optional(), binary: z.unknown().optional() })),
});
const transcripts = z.record(z.string(), transcript).parse(readJson("ws-transcripts.json"));
const answers = z.record(z.string(), recordedAnswer).parse(readJson("validation-responses.json"));

describe("recorded graphs", () => {
  const names = readdirSync(new URL("../fixtures/graphs/", import.meta.url));
  it.each(names)("reads %s and changes nothing in it", (name) => {
    const recorded = readJson(`graphs/${name}`);
    expect(graph.parse(recorded)).toEqual(recorded);
  });

  it("tells every link from every constant", () => {
    expect(isLink(["ckpt", 0])).toBe(true);
    expect(isLink(["ckpt", -1])).toBe(true);
    for (const constant of [["ckpt", 0.5], [1, 0], ["a", "0"], ["a"], "a", 1, null, { __value__: ["a", 0] }]) {
      expect(isLink(constant), JSON.stringify(constant)).toBe(false);
    }
  });
});

describe("recorded answers of POST /prompt", () => {
  it.each(Object.entries(answers))("reads %s without loss", (_, answer) => {
    const schema = answer.status === 200 ? promptAccepted : promptRefused;
    expect(schema.parse(answer.body)).toEqual(answer.body);
  });

  it("knows every error type that was recorded", () => {
    for (const answer of Object.values(answers).filter(({ status }) => status === 400)) {
      const refused = promptRefused.parse(answer.body);
      expect(promptErrorTypes).toContain(refused.error.type);
      const inner = Object.values(refused.node_errors).flatMap((node) => node.errors.map((error) => error.type));
      for (const type of inner) expect(inputErrorTypes).toContain(type);
    }
  });
});

describe("recorded sockets", () => {
  const scenarios = Object.entries(transcripts);

  it.each(scenarios)("understands every text message of %s without loss", (_, recorded) => {
    const texts = recorded.frames.flatMap((frame) => (frame.text === undefined ? [] : [frame.text]));
    expect(texts.length).toBeGreaterThan(0);
    for (const text of texts) expect(parseSocketMessage(text)).toEqual(text);
  });

  it.each(scenarios.filter(([, recorded]) => recorded.history))(
    "reads the history entry of %s without loss",
    (_, recorded) => {
      expect(historyEntry.parse(recorded.history)).toEqual(recorded.history);
    },
  );

  it("passes over messages of packs and malformed ones", () => {
    expect(parseSocketMessage({ type: "VHS_latentpreview", data: { length: 1 } })).toBeUndefined();
    expect(parseSocketMessage({ type: "progress", data: { value: "1", max: 3 } })).toBeUndefined();
    expect(parseSocketMessage("status")).toBeUndefined();
  });

  it("accepts the nameless executing message of a reconnect", () => {
    expect(parseSocketMessage({ type: "executing", data: { node: "1" } })?.type).toBe("executing");
  });
});

describe("file references", () => {
  it("keep what packs add and fill in what they leave out", () => {
    expect(fileReference.parse({ filename: "a.mp4", format: "video/h264-mp4" })).toEqual({
      filename: "a.mp4",
      subfolder: "",
      type: "output",
      format: "video/h264-mp4",
    });
  });
});

describe("recorded object_info", () => {
  it("is read without loss", () => {
    const recorded = readJson("object_info.slim.json");
    const parsed = objectInfo.parse(recorded);
    expect(Object.keys(parsed)).toHaveLength(106);
    expect(parsed).toEqual(recorded);
  });
});

describe("recorded binary frames", () => {
  const head = (scenario: string): Buffer => {
    const frame = transcripts[scenario]?.frames.find(({ binary }) => binary !== undefined);
    return Buffer.from(z.object({ head_hex: z.string() }).parse(frame?.binary).head_hex, "hex");
  };

  it("start with the kind, and with the format where there is no metadata", () => {
    const plain = head("sampler_progress_preview_old");
    expect([plain.readUInt32BE(0), plain.readUInt32BE(4)]).toEqual([frameKinds.preview, previewFormats.jpeg]);
    expect(head("text_event").readUInt32BE(0)).toBe(frameKinds.text);
  });

  it("hold metadata that names prompt and node", () => {
    const frame = head("sampler_progress_preview_meta");
    expect(frame.readUInt32BE(0)).toBe(frameKinds.previewWithMetadata);
    const metadata = frame.subarray(8, 8 + frame.readUInt32BE(4)).toString("utf8");
    expect(previewMetadata.parse(JSON.parse(metadata))).toMatchObject({ node_id: "sampler", image_type: "image/jpeg" });
  });
});
