import * as z from "zod";

/** One device that renders. Sizes in bytes; on a CPU they are those of the main memory. */
export const device = z.looseObject({
  name: z.string(),
  type: z.string(),
  index: z.number().nullish(),
  vram_total: z.number(),
  vram_free: z.number(),
  torch_vram_total: z.number().optional(),
  torch_vram_free: z.number().optional(),
});
export type Device = z.infer<typeof device>;

/** `GET /system_stats`. It holds neither an uptime nor a boot id. */
export const systemStats = z.looseObject({
  system: z.looseObject({
    os: z.string().optional(),
    ram_total: z.number().optional(),
    ram_free: z.number().optional(),
    comfyui_version: z.string().nullish(),
    python_version: z.string().optional(),
    pytorch_version: z.string().optional(),
    embedded_python: z.boolean().optional(),
    argv: z.array(z.string()).optional(),
  }),
  devices: z.array(device),
});
export type SystemStats = z.infer<typeof systemStats>;

/** `GET /features` and the server's `feature_flags` message. `max_upload_size` is in bytes. */
export const features = z.looseObject({
  supports_preview_metadata: z.boolean().optional(),
  max_upload_size: z.number().optional(),
});
export type Features = z.infer<typeof features>;

/** `GET /models/{folder}`: file names relative to the folder, sorted. An unknown folder is 404. */
export const modelNames = z.array(z.string());
