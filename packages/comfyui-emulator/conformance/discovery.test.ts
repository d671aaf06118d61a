import { objectInfo, systemStats } from "@comfy/comfyui-contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { readSlimObjectInfo } from "./fixtures.ts";
import { send } from "./http.ts";
import { freshGraph, run } from "./prompts.ts";
import { openTarget, type Target } from "./target.ts";

let target: Target;
beforeAll(async () => {
  target = await openTarget();
});
afterAll(() => target.close());

const get = (path: string) => send(target.url, { path });
const json = async (path: string): Promise<unknown> => (await get(path)).json();

describe("/object_info", () => {
  it("answers {} for a class that is not installed, and one entry for one that is", async () => {
    expect((await get("/object_info/NoSuchClass")).text).toBe("{}");
    expect(Object.keys(Object(await json("/object_info/SaveImage")))).toEqual(["SaveImage"]);
  });

  it("lists every class, each as it is told alone", async () => {
    const all = objectInfo.parse(await json("/object_info"));
    expect(Object.keys(all).length).toBeGreaterThan(50);
    const alone = objectInfo.parse(await json("/object_info/EmptyImage"));
    expect(all.EmptyImage).toEqual(alone.EmptyImage);
  });

  const wanted = z.looseObject({ input: z.record(z.string(), z.unknown()).optional(), output: z.array(z.unknown()) });
  /** Types, limits and defaults; words for people and lists of files are the server's own affair. */
  const bare = (config: unknown): unknown => {
    const [type, options] = z.array(z.unknown()).parse(config);
    const { tooltip: _, formats: __, options: choices, ...rest } = Object(options ?? {});
    const isFiles =
      Array.isArray(type) && (type.length === 0 || rest.image_upload === true || rest.audio_upload === true);
    return [isFiles ? "files" : type, rest, ...(type === "COMBO" && choices?.length > 0 ? [choices] : [])];
  };
  const fileCombos = /_name\d?$|^(ckpt|image|audio|file|video|sample|sonic_unet|model|directory)$/;

  it.for(Object.entries(readSlimObjectInfo()))("describes as recorded: %s", async ([classType, recorded], { skip }) => {
    skip(!(await target.hasClass(classType)), `the server has no class ${classType}`);
    const told = wanted.parse(Object(await json(`/object_info/${classType}`))[classType]);
    const known = wanted.parse(recorded);
    expect(told.output).toEqual(known.output);
    for (const section of ["required", "optional"]) {
      const inputs = z.record(z.string(), z.unknown()).parse(told.input?.[section] ?? {});
      for (const [name, config] of Object.entries(
        z.record(z.string(), z.unknown()).parse(known.input?.[section] ?? {}),
      )) {
        expect(Object.keys(inputs), classType).toContain(name);
        if (!fileCombos.test(name) && !target.isNewer) {
          expect(bare(inputs[name]), `${classType}.${name}`).toEqual(bare(config));
        }
      }
    }
  });
});

describe("/models", () => {
  it("lists the kinds of models, and the files of each", async () => {
    const kinds = z.array(z.string()).parse(await json("/models"));
    expect(kinds).toEqual(
      expect.arrayContaining(["checkpoints", "loras", "vae", "text_encoders", "diffusion_models", "controlnet"]),
    );
    expect(await json("/models/checkpoints")).toContain("tiny_sd3.safetensors");
    expect(z.array(z.string()).parse(await json("/models/loras"))).toBeDefined();
  });

  it("does not know the old names, nor names that never were", async () => {
    for (const kind of ["unet", "clip", "nothing"]) {
      const answer = await get(`/models/${kind}`);
      expect([answer.status, answer.text], kind).toEqual([404, ""]);
    }
  });

  it("answers 404 for the metadata of a file that is not there", async () => {
    expect((await get("/view_metadata/checkpoints?filename=nothing.safetensors")).status).toBe(404);
  });
});

describe("the server about itself", () => {
  it("tells its version and devices, memory in bytes", async () => {
    const stats = systemStats.parse(await json("/system_stats"));
    expect(stats.system.comfyui_version).toMatch(/^\d+\.\d+\.\d+/);
    expect(stats.devices[0]).toMatchObject({ name: expect.any(String), type: expect.any(String) });
    expect(stats.devices[0]?.vram_total).toBeGreaterThan(0);
  });

  it("tells its features, among them previews with metadata", async () => {
    expect(await json("/features")).toMatchObject({
      supports_preview_metadata: true,
      max_upload_size: expect.any(Number),
    });
  });

  it("lists embeddings and front-end extensions", async () => {
    for (const path of ["/embeddings", "/extensions"]) {
      expect(z.array(z.string()).parse(await json(path)), path).toBeDefined();
    }
  });

  it("lists the files of the output folder, newest first, and refuses other folders", async () => {
    const { outputs } = await run(target.url, freshGraph("conformance-listed"));
    const names = z.array(z.string()).parse(await json("/internal/files/output"));
    expect(outputs.save).toMatchObject({ images: [{ filename: names[0]?.replace(/ \[output\]$/, "") }] });
    const other = await get("/internal/files/other");
    expect([other.status, other.text]).toEqual([400, '{"error": "Invalid directory type"}']);
  });
});
