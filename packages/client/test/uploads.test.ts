import { afterEach, describe, expect, it } from "vitest";
import { ComfyClient } from "../src/index.ts";
import {
  type Arrived,
  complete,
  type Handler,
  json,
  KEY,
  queued,
  refusalOf,
  SECRET,
  startService,
} from "./fake-service.ts";

let service: Awaited<ReturnType<typeof startService>>;
afterEach(() => service?.close());

/** The parts of a multipart body, read by the runtime's own parser. */
const readForm = ({ bytes, headers }: Arrived) =>
  new Response(new Uint8Array(bytes), { headers: { "content-type": String(headers["content-type"]) } }).formData();

const UPLOAD = "POST /api/v1/upload";
const routes: Record<string, Handler> = {
  [UPLOAD]: (_, response, number) =>
    json(response, 201, { id: `asset-${number}`, url: "https://cdn.test/x", localPath: "/outputs/x/y" }),
  "POST /lipsync/async": (_, response) => json(response, 202, queued),
  "GET /jobs/lipsync/j1": (_, response) => json(response, 200, complete),
};

const start = async (signing: "v1" | "v2" = "v2") => {
  service = await startService(routes);
  return new ComfyClient({ baseUrl: service.url, apiKey: KEY, apiSecret: SECRET, signing });
};

describe("an upload", () => {
  it.each(["v1", "v2"] as const)("is a multipart form signed over all its bytes (%s)", async (signing) => {
    const comfy = await start(signing);
    const bytes = Uint8Array.from({ length: 300_000 }, (_, index) => index % 256);
    const asset = await comfy.upload(new File([bytes], "gesicht ä.png", { type: "image/png" }));
    expect(asset).toMatchObject({ id: "asset-0" });
    const [request] = service.requests;
    if (!request) throw new Error("expected a request");
    expect(await refusalOf(request)).toBeUndefined();
    const file = (await readForm(request)).get("file");
    if (!(file instanceof File)) throw new Error("expected a file");
    expect(file).toMatchObject({ name: "gesicht ä.png", type: "image/png" });
    expect(new Uint8Array(await file.arrayBuffer())).toEqual(bytes);
  });

  it("takes bytes, and a name of the caller's choosing", async () => {
    const comfy = await start();
    await comfy.upload(Uint8Array.of(1, 2, 3), { name: "voice.wav" });
    const file = (await readForm(service.requests[0] as Arrived)).get("file");
    expect(file).toMatchObject({ name: "voice.wav", size: 3 });
  });
});

describe("files in an input", () => {
  it("are uploaded and replaced by their assets' ids; the rest stays as it is", async () => {
    const comfy = await start();
    const when = new Date(0);
    const input = {
      portrait_image: new Blob(["face"]),
      audio: Uint8Array.of(1),
      extra: { when, list: [1, new Blob(["x"])] },
    };
    await comfy.run("lipsync", input);
    expect(service.of(UPLOAD)).toHaveLength(3);
    const sent = JSON.parse(service.of("POST /lipsync/async")[0]?.body ?? "");
    expect(sent.extra).toEqual({ when: when.toISOString(), list: [1, expect.stringMatching(/^asset-/)] });
    expect(new Set([sent.portrait_image, sent.audio, sent.extra.list[1]])).toEqual(
      new Set(["asset-0", "asset-1", "asset-2"]),
    );
    expect(input.portrait_image).toBeInstanceOf(Blob);
  });

  it("have keys of their own under the caller's key, so that a repeated call prints the same body", async () => {
    const comfy = await start();
    await comfy.submit(
      "lipsync",
      { portrait_image: new Blob(["face"]), audio: "https://example.com/a.wav" },
      { idempotencyKey: "order-7" },
    );
    expect(service.of(UPLOAD)[0]?.headers["idempotency-key"]).toBe("order-7-0");
    expect(service.of("POST /lipsync/async")[0]?.headers["idempotency-key"]).toBe("order-7");
  });
});
