import { afterEach, describe, expect, it } from "vitest";
import { startCountingProxy } from "../../../test/comfyui/counting-proxy.ts";
import {
  createBackend,
  forever,
  quickGraph,
  readAll,
  setUp,
  slowGraph,
  start,
} from "../../../test/comfyui/emulated-backend.ts";
import type { RenderPreview } from "../../generation/backend.ts";

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function setUpCounted(options: Parameters<typeof setUp>[0] = {}) {
  const { emulator } = await setUp();
  const proxy = await startCountingProxy(emulator.url);
  closing.push(proxy.close);
  return { emulator, proxy, backend: createBackend(proxy.url, options) };
}

describe("a job on a connection that stands", () => {
  it("costs one POST and one GET for each file, and nothing else", async () => {
    const { proxy, backend } = await setUpCounted();
    await backend.readEpoch(forever);
    await start(backend, quickGraph()).outcome;
    proxy.requests.length = 0;
    for (let count = 0; count < 3; count++) {
      await backend.readEpoch(forever);
      const ended = await start(backend, quickGraph(), { outputNodes: ["save"] }).outcome;
      const [file] = ended.type === "succeeded" ? ended.files : [];
      if (!file) throw new Error("No file.");
      await readAll(await backend.open(file, forever));
    }
    expect(proxy.requests).toEqual(Array(3).fill(["POST /prompt", "GET /view"]).flat());
  });

  it("costs no more when it waits behind another", async () => {
    const { proxy, backend } = await setUpCounted();
    await start(backend, quickGraph()).outcome;
    proxy.requests.length = 0;
    const running = start(backend, slowGraph(20));
    const behind = start(backend, quickGraph());
    expect(await running.outcome).toMatchObject({ type: "succeeded" });
    expect(await behind.outcome).toMatchObject({ type: "succeeded" });
    expect(proxy.requests).toEqual(["POST /prompt", "POST /prompt"]);
  });
});

describe("a backend behind a proxy", () => {
  it("is sent the configured headers with every request and with the socket", async () => {
    const { proxy, backend } = await setUpCounted({ headers: { authorization: "Bearer secret" } });
    await start(backend, quickGraph()).outcome;
    expect(proxy.requests).toContain("GET /ws");
    expect(new Set(proxy.headers.map(({ authorization }) => authorization))).toEqual(new Set(["Bearer secret"]));
  });

  it("that says 503 has certainly not taken the prompt: nobody looks for it", async () => {
    const { emulator, proxy, backend } = await setUpCounted();
    emulator.setFaults({ httpErrors: { path: "/prompt", method: "POST", status: 503, times: 1 } });
    expect(await start(backend, quickGraph()).outcome).toMatchObject({ type: "lost", cause: "never_arrived" });
    expect(proxy.requests.filter((request) => request !== "GET /ws")).toEqual(["POST /prompt"]);
  });

  it("that refuses connections costs no search either", async () => {
    const { emulator, backend } = await setUp({ graceMs: 600_000 });
    await emulator.close();
    expect(await start(backend, quickGraph()).outcome).toMatchObject({ type: "lost", cause: "never_arrived" });
  });
});

describe("while it renders", () => {
  it("a caller sees a preview a second at the most, and is told once that it runs", async () => {
    const { backend } = await setUp({}, { previewMethod: "latent2rgb", speed: 20 });
    const previews: RenderPreview[] = [];
    const running: number[] = [];
    const onPreview = (preview: RenderPreview) => void previews.push(preview);
    const startedAtMs = performance.now();
    const { outcome } = start(backend, slowGraph(60), { onPreview, onRunning: () => running.push(1) });
    expect(await outcome).toMatchObject({ type: "succeeded" });
    expect(previews[0]).toMatchObject({ mediaType: "image/jpeg", bytes: expect.any(Uint8Array) });
    expect(previews.length).toBeLessThanOrEqual(1 + (performance.now() - startedAtMs) / 1_000);
    expect(running).toEqual([1]);
  });

  it("what may not be sent any more, at the last moment, is not sent", async () => {
    const { proxy, backend } = await setUpCounted();
    const assertMaySend = () => {
      throw new Error("the lease is lost");
    };
    await expect(start(backend, quickGraph(), { assertMaySend }).outcome).rejects.toThrow("the lease is lost");
    expect(proxy.requests).not.toContain("POST /prompt");
  });
});
