import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { send, sendJson, upload } from "./http.ts";
import { emptyQueue, finished, freshGraph, readHistory, readQueue, running, slowGraph, submitted } from "./prompts.ts";
import { openTarget, type Target } from "./target.ts";

let target: Target;
beforeAll(async () => {
  target = await openTarget();
});
afterEach(() => emptyQueue(target.url));
afterAll(() => target.close());

/** What a controller that lost its memory finds out about a prompt: the queue first, the history after it. */
async function stateOf(promptId: string): Promise<string> {
  const { running: runs, pending } = await readQueue(target.url);
  if (runs.includes(promptId)) {
    return "running";
  }
  if (pending.includes(promptId)) {
    return "queued";
  }
  const entry = await readHistory(target.url, promptId);
  if (entry === undefined) {
    return "unknown";
  }
  if (entry.status?.completed) {
    return "done";
  }
  return entry.status?.messages.at(-1)?.[0] === "execution_interrupted" ? "interrupted" : "failed";
}

describe("a controller that lost its memory", () => {
  it("finds each prompt in exactly one state: queued, running, interrupted, done, failed or unknown", async () => {
    const slow = await submitted(target.url, slowGraph());
    await running(target.url, slow);
    const waiting = await submitted(target.url, freshGraph());
    expect([await stateOf(slow), await stateOf(waiting), await stateOf(randomUUID())]).toEqual([
      "running",
      "queued",
      "unknown",
    ]);
    await sendJson(target.url, "/interrupt", { prompt_id: slow });
    await finished(target.url, waiting);
    expect([await stateOf(slow), await stateOf(waiting)]).toEqual(["interrupted", "done"]);
  });

  it("tells a failure from an interrupt by the last message", async () => {
    const image = { class_type: "EmptyImage", inputs: { width: 8, height: 8, batch_size: 1, color: 1 } };
    const save = { class_type: "SaveImage", inputs: { images: ["image", 0], filename_prefix: "../../away" } };
    const promptId = await submitted(target.url, { image, save });
    const { status, outputs } = await finished(target.url, promptId);
    expect(await stateOf(promptId)).toBe("failed");
    expect(outputs).toEqual({});
    expect(status?.messages.at(-1)).toMatchObject(["execution_error", { node_id: "save", node_type: "SaveImage" }]);
  });

  it("never sees a prompt vanish between the queue and the history", async () => {
    const ids: string[] = [];
    for (const _ of Array(10)) {
      ids.push(await submitted(target.url, freshGraph()));
    }
    const last = ids.at(-1) ?? "";
    while ((await stateOf(last)) !== "done") {
      for (const promptId of ids) {
        expect(await stateOf(promptId)).not.toBe("unknown");
      }
    }
  });

  it("forgets nothing of a prompt that was deleted from the queue: it was never there", async () => {
    const slow = await submitted(target.url, slowGraph());
    await running(target.url, slow);
    const gone = await submitted(target.url, freshGraph());
    await sendJson(target.url, "/queue", { delete: [gone] });
    expect(await stateOf(gone)).toBe("unknown");
  });

  it("finds its marker file in `temp` as long as the process lives", async () => {
    const marker = `${randomUUID()}.txt`;
    await upload(target.url, marker, "alive", { type: "temp" });
    const found = await send(target.url, { path: `/view?filename=${marker}&type=temp` });
    expect([found.status, found.text]).toEqual([200, "alive"]);
    expect((await send(target.url, { path: `/view?filename=${randomUUID()}.txt&type=temp` })).status).toBe(404);
  });

  it("finds outputs by the prefix it gave them", async () => {
    const prefix = `jobs/${randomUUID()}/x`;
    const promptId = await submitted(target.url, freshGraph(prefix));
    const { outputs } = await finished(target.url, promptId);
    const file = { filename: "x_00001_.png", subfolder: prefix.slice(0, -2), type: "output" };
    expect(outputs.save).toEqual({ images: [file] });
    expect((await send(target.url, { path: `/view?${new URLSearchParams(file)}` })).status).toBe(200);
  });
});
