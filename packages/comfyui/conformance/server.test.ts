import { createEmulator } from "@comfy/comfyui-emulator";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type PromptEvent, readOutputs, toInputName } from "../src/index.ts";
import { conformanceUrl, countRequests, randomColor, readAll, readGraph, run, startClient } from "./target.ts";

// A real server on a busy machine samples a few steps a second.
vi.setConfig({ testTimeout: 60_000 });

const targets = conformanceUrl
  ? [{ name: conformanceUrl, open: async () => ({ url: conformanceUrl ?? "", close: async () => {} }) }]
  : (["0.3.64", "newer"] as const).map((profile) => ({
      name: `an emulated ${profile} server`,
      open: () => createEmulator({ profile, speed: 5 }),
    }));

const slow = (steps = 5_000) => readGraph("tiny_slow_interruptible", { sampler: { seed: randomColor(), steps } });
const colors = () => readGraph("cpu_image_ops", { red: { color: randomColor() } });

describe.each(targets)("on $name", ({ open }) => {
  let url = "";
  let close = async (): Promise<void> => {};

  beforeAll(async () => {
    const server = await open();
    url = server.url;
    close = () => server.close();
  });

  afterAll(() => close());

  describe("a prompt", () => {
    it("runs to its outputs, which can be read back whole", async () => {
      const comfy = startClient(url);
      const sent = colors();
      const { ended } = await run(comfy, sent);
      if (ended.type !== "succeeded") throw new Error(JSON.stringify(ended));
      const values = readOutputs(ended.outputs, sent);
      expect(values).toMatchObject([
        { type: "file", node: "save", index: 0, file: { subfolder: "cpu", type: "output" } },
      ]);
      const [value] = values;
      if (value?.type !== "file") throw new Error("Expected a file.");
      const opened = await comfy.open(value.file);
      const bytes = await readAll(opened.body);
      expect(opened.contentType).toBe("image/png");
      expect(bytes.subarray(1, 4).toString()).toBe("PNG");
      expect(bytes.length).toBe(opened.sizeBytes);
    });

    it("costs one POST while the socket tells everything", async () => {
      const requests: string[] = [];
      const comfy = startClient(url, countRequests(requests));
      const sent = colors();
      const { ended } = await run(comfy, sent);
      expect(ended.type === "succeeded" && readOutputs(ended.outputs, sent)).toHaveLength(1);
      expect(requests).toEqual(["POST /prompt"]);
    });

    it("costs one look at the history more when all of it was cached, unless that is told as well", async () => {
      const requests: string[] = [];
      const comfy = startClient(url, countRequests(requests));
      const sent = colors();
      const first = await run(comfy, sent);
      const second = await run(comfy, sent);
      expect(second.ended).toEqual(first.ended);
      const looks = requests.filter((request) => request !== "POST /prompt");
      expect(looks.length).toBeLessThanOrEqual(1);
    });

    it("reports progress that only rises, ending with every node done", async () => {
      const { events } = await run(startClient(url), readGraph("tiny_txt2img", { sampler: { seed: randomColor() } }));
      const overall = events.flatMap((event) => (event.type === "progress" ? [event.overall] : []));
      expect(overall.length).toBeGreaterThan(5);
      expect(overall).toEqual(overall.toSorted((left, right) => left - right));
      expect(events).toContainEqual(
        expect.objectContaining({ type: "progress", classType: "KSampler", node: "sampler" }),
      );
    });

    it("gives its texts", async () => {
      const { ended } = await run(
        startClient(url),
        readGraph("cpu_text", { b: { string_b: `world ${randomColor()}` } }),
      );
      expect(ended.type === "succeeded" && readOutputs(ended.outputs)).toMatchObject([
        { type: "text", node: "show", text: expect.stringMatching(/^hello world/) },
      ]);
    });

    it("that raises names node, class and exception", async () => {
      const { ended } = await run(startClient(url), readGraph("cpu_runtime_error"));
      expect(ended).toMatchObject({
        type: "failed",
        nodeId: "split",
        nodeType: "SplitAudioChannels",
        exceptionType: "ValueError",
        exceptionMessage: expect.stringContaining("only one channel"),
      });
    });

    it("that was cached succeeds with the old files, and says so when they are gone", async () => {
      const comfy = startClient(url);
      const sent = colors();
      const first = await run(comfy, sent);
      const second = await run(comfy, sent);
      expect(second.ended).toEqual(first.ended);
      const gone = { filename: `gone-${randomColor()}.png`, subfolder: "cpu", type: "output" };
      await expect(comfy.open(gone)).rejects.toMatchObject({ code: "file_gone" });
    });

    it("that is invalid is refused with node, class and input, and leaves nothing behind", async () => {
      const comfy = startClient(url);
      const promptId = crypto.randomUUID();
      const bad = readGraph("cpu_image_ops", { red: { width: 0 } });
      const submitted = await comfy.submit({ promptId, graph: bad });
      expect(submitted).toMatchObject({
        type: "refused",
        problems: [{ nodeId: "red", classType: "EmptyImage", input: "width", type: "value_smaller_than_min" }],
      });
      expect(await comfy.find(promptId)).toEqual({ type: "unknown" });
    });

    it("of which only a part is valid is refused whole", async () => {
      const comfy = startClient(url);
      const promptId = crypto.randomUUID();
      const half = {
        ...slow(),
        image: { class_type: "LoadImage", inputs: { image: `missing-${randomColor()}.png` } },
        preview: { class_type: "PreviewImage", inputs: { images: ["image", 0] } },
      };
      const submitted = await comfy.submit({ promptId, graph: half });
      expect(submitted).toMatchObject({ type: "refused", reason: "partly_valid", problems: [{ nodeId: "image" }] });
      // An interrupt takes effect between two steps of the sampler.
      await expect.poll(async () => (await comfy.find(promptId)).type, { timeout: 30_000 }).not.toBe("running");
    });
  });

  describe("a running prompt", () => {
    it("shows pictures of its progress and stops when cancelled", async () => {
      const comfy = startClient(url);
      const promptId = crypto.randomUUID();
      expect(await comfy.submit({ promptId, graph: slow() })).toMatchObject({ type: "accepted" });
      const preview = Promise.withResolvers<PromptEvent>();
      const ended = comfy.follow({ promptId, onEvent: (event) => event.type === "preview" && preview.resolve(event) });
      const shown = await preview.promise;
      expect(
        shown.type === "preview" && [shown.mediaType, Buffer.from(shown.bytes.subarray(0, 2)).toString("hex")],
      ).toEqual(["image/jpeg", "ffd8"]);
      expect(await comfy.cancel({ promptId })).toMatchObject({ type: "done", outcome: { type: "interrupted" } });
      expect(await ended).toMatchObject({ type: "interrupted" });
    });

    it("is found and taken up by another client, while a waiting one is dequeued without disturbing it", async () => {
      const [first, second] = [startClient(url), startClient(url)];
      const [running, waiting] = [crypto.randomUUID(), crypto.randomUUID()];
      await first.submit({ promptId: running, graph: slow(20) });
      await first.submit({ promptId: waiting, graph: slow() });
      await first.close();
      expect(await second.find(waiting)).toMatchObject({ type: "queued", position: 1 });
      expect(await second.cancel({ promptId: waiting })).toEqual({ type: "dequeued" });
      const events: PromptEvent[] = [];
      const ended = await second.follow({ promptId: running, onEvent: (event) => events.push(event) });
      expect(ended).toMatchObject({ type: "succeeded" });
      expect(events).toContainEqual({ type: "running" });
      expect(await second.find(waiting)).toEqual({ type: "unknown" });
    });
  });

  describe("files and facts", () => {
    it("uploads a file that a graph can load, and keeps two of one name apart", async () => {
      const comfy = startClient(url);
      const made = await run(comfy, colors());
      if (made.ended.type !== "succeeded") throw new Error(JSON.stringify(made.ended));
      const [value] = readOutputs(made.ended.outputs);
      if (value?.type !== "file") throw new Error("Expected a file.");
      const { body, sizeBytes } = await comfy.open(value.file);
      const name = `made-${randomColor()}.png`;
      const stored = await comfy.upload({
        name,
        subfolder: "in",
        body,
        ...(sizeBytes === undefined ? {} : { sizeBytes }),
      });
      const other = await comfy.upload({ name, subfolder: "in", body: Buffer.from("other bytes") });
      expect([stored.name, other.name]).toEqual([name, name.replace(".png", " (1).png")]);
      const { ended } = await run(comfy, readGraph("cpu_load_image", { image: { image: toInputName(stored) } }));
      expect(ended).toMatchObject({ type: "succeeded" });
    });

    it("marks this boot the same for everybody", async () => {
      const signal = AbortSignal.timeout(10_000);
      const epochs = await Promise.all([startClient(url).bootEpoch(signal), startClient(url).bootEpoch(signal)]);
      expect(epochs[0]).toBe(epochs[1]);
    });

    it("tells what is installed", async () => {
      const comfy = startClient(url);
      const found = await comfy.objectInfo(["KSampler", "SaveVideo", "NoSuchNode"]);
      expect([...found.keys()].toSorted()).toEqual(["KSampler", "SaveVideo"]);
      expect(await comfy.models("checkpoints")).toContain("tiny_sd3.safetensors");
      expect(await comfy.models("no-such-folder")).toBeUndefined();
      expect((await comfy.systemStats()).devices.length).toBeGreaterThan(0);
      expect(await comfy.queueRemaining()).toBe(0);
      await comfy.free();
    });
  });
});
