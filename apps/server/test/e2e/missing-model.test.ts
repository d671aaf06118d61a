import { expect, test } from "vitest";
import { readPrompts, startService } from "./start-service.ts";

test("a portrait whose model is missing answers 422 and names the model and what to do", async () => {
  await using service = await startService({
    emulator: { models: { checkpoints: [], unet_gguf: [], diffusion_models: [], text_encoders: [], vae: [] } },
  });
  for (const path of ["/portrait", "/portrait/async"]) {
    const response = await service.post(path, { description: "Viking warrior" });
    expect(response.status).toBe(422);
    const answer = (await response.json()) as { error: string; code: string; details: { missing: { name: string }[] } };
    expect(answer.code).toBe("missing_model");
    expect(answer.error).toMatch(/flux1-schnell/);
    expect(answer.error).toMatch(/models\//);
    expect(answer.details.missing.length).toBeGreaterThan(0);
  }
  expect(await readPrompts(service.emulator)).toEqual([]);
}, 60_000);
