import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { send, sendJson } from "./http.ts";
import { finished, freshGraph, run, running, slowGraph, submit, submitted } from "./prompts.ts";
import { given, openEmulator, openTarget, type Target } from "./target.ts";

/** The server that was given, or an emulator that behaves like a newer one. */
let target: Target;
beforeAll(async () => {
  target = given.url === undefined ? await openEmulator({ profile: "newer" }) : await openTarget();
});
beforeEach(({ skip }) => skip(!target.isNewer, `the server is ${target.version}: the older ways`));
afterAll(() => target.close());

const get = async (path: string) => await send(target.url, { path });

describe("a newer server", () => {
  it("refuses prompt ids that are no lowercase UUIDs", async () => {
    for (const promptId of [42, "", "no-uuid", randomUUID().toUpperCase()]) {
      const answer = await submit(target.url, freshGraph(), { prompt_id: promptId });
      expect(answer.status, String(promptId)).toBe(400);
      expect(answer.json()).toMatchObject({
        error: { type: "invalid_prompt_id", message: "prompt_id must be a valid UUID" },
      });
    }
    expect((await submit(target.url, freshGraph(), { prompt_id: null })).status).toBe(200);
  });

  it("names a missing class and its node", async () => {
    const graph = { ...freshGraph(), odd: { class_type: "NoSuchClass", inputs: {}, _meta: { title: "Odd" } } };
    const answer = await submit(target.url, graph);
    expect(answer.status).toBe(400);
    expect(answer.json()).toMatchObject({
      error: {
        type: "missing_node_type",
        extra_info: { node_id: "odd", class_type: "NoSuchClass", node_title: "Odd" },
      },
    });
  });

  it("survives extra_data: null, with a crash", async () => {
    expect((await submit(target.url, freshGraph(), { extra_data: null })).status).toBe(500);
    await run(target.url, freshGraph());
  });

  it("tells a job in one call, and 404 for one it does not know", async () => {
    const promptId = await submitted(target.url, freshGraph());
    await finished(target.url, promptId);
    const job = await get(`/api/jobs/${promptId}`);
    expect(job.json()).toMatchObject({ id: promptId, status: "completed", outputs_count: 1 });
    const unknown = await get(`/api/jobs/${randomUUID()}`);
    expect([unknown.status, unknown.json()]).toEqual([404, { error: "Job not found" }]);
    expect((await get(`/jobs/${promptId}`)).status).toBe(404);
  });

  it("lists jobs by state, in pages", async () => {
    await run(target.url, freshGraph());
    const list: unknown = (await get("/api/jobs?status=completed&limit=1&sort_order=desc")).json();
    expect(list).toMatchObject({
      jobs: [{ status: "completed" }],
      pagination: { offset: 0, limit: 1, total: expect.any(Number), has_more: expect.any(Boolean) },
    });
    const bad = await get("/api/jobs?status=nonsense");
    expect([bad.status, bad.json()]).toEqual([400, { error: expect.any(String) }]);
  });

  it("cancels a job whether it runs or waits", async () => {
    const slow = await submitted(target.url, slowGraph());
    await running(target.url, slow);
    const waiting = await submitted(target.url, freshGraph());
    const cancel = async (promptId: string): Promise<unknown> =>
      (await send(target.url, { method: "POST", path: `/api/jobs/${promptId}/cancel` })).json();
    expect(await cancel(waiting)).toEqual({ cancelled: true });
    expect(await cancel(slow)).toEqual({ cancelled: true });
    await finished(target.url, slow);
    expect((await get(`/api/jobs/${slow}`)).json()).toMatchObject({ status: "cancelled" });
    expect(await cancel(waiting)).toEqual({ cancelled: false });
    const malformed = await sendJson(target.url, "/api/jobs/cancel", { job_ids: ["no-uuid"] });
    expect([malformed.status, malformed.json()]).toMatchObject([400, { invalid_ids: ["no-uuid"] }]);
  });

  it("stamps prompts with the time of their creation", async () => {
    const { prompt } = await run(target.url, freshGraph());
    expect(prompt[3]).toMatchObject({ create_time: expect.any(Number) });
  });
});
