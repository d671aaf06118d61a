import { describe, expect, it } from "vitest";
import { sonic } from "../lipsync/template.ts";
import { fluxSchnellFp8Files, fluxSchnellGgufFiles, sdxlFiles } from "../picture/model-files.ts";
import { chooseModelFile, type ModelSlot } from "../src/models.ts";

const slots = [...fluxSchnellGgufFiles, ...fluxSchnellFp8Files, ...sdxlFiles, ...sonic.models];

function slotOf(file: string): ModelSlot {
  const slot = slots.find(({ files }) => files[0] === file);
  if (!slot) throw new RangeError(file);
  return slot;
}

describe("choosing a model file", () => {
  const unet = slotOf("flux1-schnell-Q8_0.gguf");

  it("prefers the better known file, in whatever order a backend lists them", () => {
    const files = ["flux1-schnell-Q4_K_S.gguf", "flux1-schnell-Q8_0.gguf", "flux1-dev-Q8_0.gguf"];
    expect(chooseModelFile(unet, files)).toBe("flux1-schnell-Q8_0.gguf");
    expect(chooseModelFile(unet, files.toReversed())).toBe("flux1-schnell-Q8_0.gguf");
  });

  it("finds it in sub-folders of either kind of path and in any letter case", () => {
    expect(chooseModelFile(unet, ["flux/Flux1-Schnell-q8_0.gguf"])).toBe("flux/Flux1-Schnell-q8_0.gguf");
    expect(chooseModelFile(unet, ["flux\\flux1-schnell-Q8_0.gguf"])).toBe("flux\\flux1-schnell-Q8_0.gguf");
  });

  it("takes the first by name among files it does not know", () => {
    expect(chooseModelFile(unet, ["flux-schnell-z.gguf", "flux-schnell-b.gguf"])).toBe("flux-schnell-b.gguf");
  });

  it("finds nothing among nothing", () => {
    for (const slot of slots) expect(chooseModelFile(slot, [])).toBeUndefined();
  });

  it.each([
    ["flux1-schnell-Q8_0.gguf", "flux.1-schnell-Q3_K_S.gguf"],
    ["t5-v1_1-xxl-encoder-Q8_0.gguf", "t5xxl_fp8_e4m3fn.safetensors"],
    ["clip_l.safetensors", "clip_l_fp16.safetensors"],
    ["ae.safetensors", "flux1-ae.safetensors"],
    ["ae.safetensors", "flux_vae.safetensors"],
    ["ae.safetensors", "ae.sft"],
    ["flux1-schnell-fp8.safetensors", "flux1-schnell-fp8-e4m3fn.safetensors"],
    ["sd_xl_base_1.0.safetensors", "sdxl_base.safetensors"],
    ["svd_xt_1_1.safetensors", "svd_xt-fp16.safetensors"],
    ["unet.pth", "sonic_unet.pth"],
  ])("takes for %s also %s", (file, other) => {
    expect(chooseModelFile(slotOf(file), [other])).toBe(other);
  });

  it.each([
    ["flux1-schnell-Q8_0.gguf", "flux1-dev-Q8_0.gguf"],
    ["flux1-schnell-Q8_0.gguf", "flux1-schnell.safetensors"],
    ["t5-v1_1-xxl-encoder-Q8_0.gguf", "t5xxl_fp8_e4m3fn_scaled.safetensors"],
    ["t5-v1_1-xxl-encoder-Q8_0.gguf", "umt5-xxl-encoder-Q8_0.gguf"],
    ["clip_l.safetensors", "clip_g.safetensors"],
    ["ae.safetensors", "pixel_space"],
    ["ae.safetensors", "flux2-vae.safetensors"],
    ["ae.safetensors", "sdxl_vae.safetensors"],
    ["flux1-schnell-fp8.safetensors", "flux1-dev-fp8.safetensors"],
    ["sd_xl_base_1.0.safetensors", "sd_xl_refiner_1.0.safetensors"],
    ["sd_xl_base_1.0.safetensors", "sd_xl_turbo_1.0.safetensors"],
    ["sd_xl_base_1.0.safetensors", "tiny_sd3.safetensors"],
    ["svd_xt_1_1.safetensors", "svd.safetensors"],
    ["unet.pth", "none"],
  ])("never takes for %s the other model %s", (file, other) => {
    expect(chooseModelFile(slotOf(file), [other])).toBeUndefined();
  });

  it("takes its own first choice by pattern too, so that a known file is never a stranger to its slot", () => {
    for (const { files, pattern } of slots) for (const file of files) expect(file).toMatch(pattern);
  });
});
