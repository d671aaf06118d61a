import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { graph as graphSchema } from "@comfy/comfyui-contract";
import loadImage from "@comfy/comfyui-contract/fixtures/graphs/cpu_load_image.json" with { type: "json" };
import { createEmulator } from "@comfy/comfyui-emulator";
import { afterEach, describe, expect, it } from "vitest";
import { createComfyUiBackend } from "../adapters/comfyui/create-backend.ts";
import { createDiskBlobStore } from "../adapters/disk/blob-store.ts";
import { createPictureHeader } from "../adapters/sniff/picture-header.ts";
import { createTypeSniffer } from "../adapters/sniff/type-sniffer.ts";
import type { Asset } from "../assets/asset.ts";
import { createCheckPicture } from "../assets/check-picture.ts";
import { createStoreFile } from "../assets/store-file.ts";
import { systemClock } from "../clock.ts";
import { AppError } from "../errors.ts";
import { silentLog } from "../log.ts";
import type { Backend, RenderedFile } from "./backend.ts";
import { createStageInputs } from "./stage-inputs.ts";
import { createStoreOutputs } from "./store-outputs.ts";

const closing: (() => Promise<void>)[] = [];
const signal = new AbortController().signal;

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function setUp() {
  const directory = await mkdtemp(join(tmpdir(), "transfer-"));
  closing.push(() => rm(directory, { recursive: true }));
  const emulator = await createEmulator({ speed: Number.POSITIVE_INFINITY });
  closing.push(() => emulator.close());
  const backend = createComfyUiBackend({ url: emulator.url, log: silentLog, clock: systemClock });
  closing.push(() => backend.close());
  const blobs = await createDiskBlobStore({ directory });
  const checkPicture = createCheckPicture({ header: createPictureHeader(), pixelsMax: 1_000_000 });
  const storeFile = createStoreFile({ blobs, sniffer: createTypeSniffer(), checkPicture });
  return {
    emulator,
    backend,
    blobs,
    storeFile,
    storeOutputs: createStoreOutputs({ storeFile, retryDelaysMs: [10, 10] }),
  };
}

type Parts = Awaited<ReturnType<typeof setUp>>;

// A PNG of one red pixel.
const png = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC",
  "base64",
);

/** Stores a picture as an asset of somebody, as an upload would. */
async function keepPicture({ storeFile }: Parts): Promise<Asset & { location: string }> {
  async function* body() {
    yield png;
  }
  const { id, name, type, blob } = await storeFile({
    name: "in.png",
    body: body(),
    source: "upload",
    sizeBytesMax: 1_000,
    signal,
  });
  return { id, ownerId: "o", name, type, createdAtMs: 0, ...blob };
}

async function render(backend: Backend, image: string): Promise<readonly RenderedFile[]> {
  // The recorded graph blurs, which takes more than one pixel.
  const blur = { class_type: "ImageInvert", inputs: { image: ["image", 0] } };
  const graph = graphSchema.parse({ ...loadImage, image: { ...loadImage.image, inputs: { image } }, blur });
  const ended = await backend.render({
    promptId: crypto.randomUUID(),
    graph,
    labels: {},
    signal,
    detach: signal,
    onProgress: () => {},
    onSent: async () => {},
    onAccepted: async () => {},
  });
  if (ended.type !== "succeeded") throw new Error(JSON.stringify(ended));
  return ended.files;
}

async function renderPicture(parts: Parts): Promise<readonly RenderedFile[]> {
  const asset = await keepPicture(parts);
  const stageInputs = createStageInputs({ blobs: parts.blobs, records: { find: async () => asset } });
  const { picture = "" } = await stageInputs(parts.backend, { picture: asset.id }, signal);
  return render(parts.backend, picture);
}

describe("an input", () => {
  it("goes to the backend under a name made of its content, which a graph can load", async () => {
    const parts = await setUp();
    const asset = await keepPicture(parts);
    const stageInputs = createStageInputs({ blobs: parts.blobs, records: { find: async () => asset } });
    const staged = await stageInputs(parts.backend, { picture: asset.id, again: asset.id }, signal);
    const name = `comfy-service/${asset.sha256.slice(0, 32)}.png`;
    expect(staged).toEqual({ picture: name, again: name });
    expect(await render(parts.backend, name)).toHaveLength(2);
  });

  it("that does not exist any more is told", async () => {
    const { backend, blobs } = await setUp();
    const stageInputs = createStageInputs({ blobs, records: { find: async () => undefined } });
    await expect(stageInputs(backend, { picture: "x" }, signal)).rejects.toMatchObject({ code: "asset_not_found" });
  });
});

const how = { isLocal: false, signal, patience: signal };

describe("outputs", () => {
  it("are stored in the order of the result's nodes; what other nodes saved is dropped", async () => {
    const parts = await setUp();
    const files = await renderPicture(parts);
    const store = (outputNodes: string[]) =>
      parts.storeOutputs(parts.backend, files, { outputNodes, stem: "image", ...how });
    expect((await store(["save_mask", "save"])).map(({ node }) => node)).toEqual(["save_mask", "save"]);
    const [only, ...others] = await store(["save"]);
    expect(only).toMatchObject({ node: "save", type: "image/png", name: "image.png" });
    expect(others).toEqual([]);
    expect((await store(["nothing"])).map(({ name }) => name)).toEqual(["image-1.png", "image-2.png"]);
  });

  it("are fetched again when a transfer fails, without another render", async () => {
    const parts = await setUp();
    const files = await renderPicture(parts);
    parts.emulator.setFaults({ lostAnswer: { path: "/view", times: 2 } });
    const stored = await parts.storeOutputs(parts.backend, files, { outputNodes: ["save"], stem: "image", ...how });
    expect(stored).toHaveLength(1);
    parts.emulator.setFaults({ lostAnswer: { path: "/view", times: 3 } });
    const failing = parts.storeOutputs(parts.backend, files, { outputNodes: ["save"], stem: "image", ...how });
    await expect(failing).rejects.toMatchObject({ code: "internal_error" });
  });

  it("that are gone are told at once", async () => {
    const parts = await setUp();
    const files = await renderPicture(parts);
    await rm(join(parts.emulator.baseDirectory, "output"), { recursive: true });
    const storing = parts.storeOutputs(parts.backend, files, { outputNodes: ["save"], stem: "image", ...how });
    await expect(storing).rejects.toMatchObject({ code: "output_unavailable" });
  });

  it("that are too large are refused, not retried", async () => {
    const parts = await setUp();
    const files = await renderPicture(parts);
    const storeOutputs = createStoreOutputs({ storeFile: parts.storeFile, sizeBytesMax: 10, retryDelaysMs: [60_000] });
    const error = await storeOutputs(parts.backend, files, { outputNodes: ["save"], stem: "image", ...how }).catch(
      (caught: unknown) => caught,
    );
    expect(error instanceof AppError && error.code).toBe("payload_too_large");
  });
});
