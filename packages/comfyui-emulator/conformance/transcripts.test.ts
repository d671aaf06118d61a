import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { readTranscripts, type Transcript } from "./fixtures.ts";
import { keepKnown, normalise } from "./normalise.ts";
import { replay } from "./replay.ts";
import { byLabel, byNode, type Event, toStory } from "./story.ts";
import { openTarget, type Target } from "./target.ts";

let target: Target;
beforeAll(async () => {
  target = await openTarget();
});
afterAll(() => target.close());

const transcripts = readTranscripts();

function recorded(transcript: Transcript, socket: string): Event[] {
  return toStory(
    transcript.frames.flatMap(({ socket: owner, text, binary }) => {
      if (owner !== socket || (text === undefined && binary === undefined)) {
        return [];
      }
      return [text ?? { type: "binary" as const, bytes: Buffer.from(binary?.head_hex ?? "", "hex") }];
    }),
  );
}

/** Progress comes in as many steps as the machine takes; the recording of the interrupt left most of them out. */
const withoutSteps = (story: readonly Event[]): Event[] =>
  story.filter(({ label }) => !/^progress sampler|^preview|^progress_state sampler [1-9]/.test(label));

const cached = z.object({ nodes: z.array(z.string()) });

/** A node starts only after all nodes whose outputs it takes have finished or are cached. */
function expectInputsFirst(story: readonly Event[], prompt: Transcript["request"]["prompt"]): void {
  const done = new Set<string>();
  for (const { label, data } of story) {
    for (const id of label === "execution_cached" ? cached.parse(data).nodes : []) {
      done.add(id);
    }
    const [, started] = /^executing (\S+)/.exec(label) ?? [];
    const links = Object.values(prompt[started ?? ""]?.inputs ?? {}).filter(Array.isArray);
    for (const [source] of links) {
      expect(done, `${started} starts after ${source}`).toContain(source);
    }
    for (const [, finished] of label.matchAll(/progress_state (\S+) \S+ finished/g)) {
      done.add(finished ?? "");
    }
  }
}

function expectSameStory(actual: Event[], expected: Event[]): void {
  expect(byNode(actual)).toEqual(byNode(expected));
  const known = byLabel(expected);
  expect(target.isNewer ? keepKnown(byLabel(actual), known) : byLabel(actual)).toEqual(known);
  expect(actual.at(-1)?.label).toBe(expected.at(-1)?.label);
}

const entry = z.looseObject({
  prompt: z.tuple([z.number(), z.string(), z.unknown(), z.unknown(), z.array(z.string())]).rest(z.unknown()),
});

/** A history entry without what differs from run to run; the outputs to execute come in the order of a set. */
function comparable(history: Readonly<Record<string, unknown>>): unknown {
  const { prompt, ...rest } = entry.parse(history);
  const [, , graph, extraData, outputs] = prompt;
  return normalise({ ...rest, graph, extraData, outputsToExecute: outputs.toSorted() });
}

/** Why the server cannot replay a scenario, if it cannot. */
async function whyNot(name: string, transcript: Transcript): Promise<string | undefined> {
  for (const { class_type: classType } of Object.values(transcript.request.prompt)) {
    if (!(await target.hasClass(classType))) {
      return `the server has no class ${classType}`;
    }
  }
  return name.includes("preview") && !target.hasPreviews ? "the server runs without --preview-method" : undefined;
}

describe("the recorded conversations", () => {
  it.for(Object.entries(transcripts))("replay: %s", async ([name, transcript], { skip }) => {
    const reason = await whyNot(name, transcript);
    skip(reason !== undefined, reason);
    const options = { wantsMetadata: name.endsWith("preview_meta"), interrupts: name === "interrupt" };
    const { status, body, a, b, history } = await replay(target.url, transcript, options);

    expect(status).toBe(200);
    expect(body).toMatchObject({ node_errors: {} });
    const trim = options.interrupts ? withoutSteps : (story: Event[]): Event[] => story;
    const story = trim(toStory(a));
    expectSameStory(story, trim(recorded(transcript, "client-a")));
    expectInputsFirst(story, transcript.request.prompt);
    expect(byNode(toStory(b))).toEqual(byNode(recorded(transcript, "client-b")));
    const known = comparable(transcript.history);
    expect(target.isNewer ? keepKnown(comparable(history), known) : comparable(history)).toEqual(known);
  });
});
