import { freemem, totalmem } from "node:os";
import { PythonFloat } from "../python/values.ts";
import type { Profile } from "./profile.ts";

const MEGABYTE = 1024 * 1024;
const GIGABYTE = 1024 * MEGABYTE;
/** What the card that does not exist is said to hold. */
const VRAM_BYTES = 24 * GIGABYTE;

export interface SelfDescription {
  readonly profile: Profile;
  /** As given, in MB; absent for the default of 100. */
  readonly maxUploadMegabytes: number | undefined;
  readonly previewMethod: string;
  readonly port: () => number;
}

/** `GET /features`, and the answer to a client's feature flags. */
export function describeFeatures({ profile, maxUploadMegabytes }: SelfDescription): Record<string, unknown> {
  const isGiven = maxUploadMegabytes !== undefined;
  const bytes = (maxUploadMegabytes ?? 100) * MEGABYTE;
  const features = { supports_preview_metadata: true, max_upload_size: isGiven ? new PythonFloat(bytes) : bytes };
  if (!profile.isNewer) return features;
  return {
    ...features,
    supports_model_type_tags: true,
    extension: { manager: { supports_v4: true } },
    node_replacements: true,
    assets: false,
  };
}

/** `GET /system_stats`. The device's name and the arguments tell that nothing here is real. */
export function describeSystem(self: SelfDescription): Record<string, unknown> {
  const { profile } = self;
  const device = {
    name: "SIMULATED cuda:0 no GPU, @comfy/comfyui-emulator : native",
    type: "cuda",
    index: 0,
    vram_total: VRAM_BYTES,
    vram_free: VRAM_BYTES - 2 * GIGABYTE,
    torch_vram_total: 2 * GIGABYTE,
    torch_vram_free: 512 * MEGABYTE,
  };
  const argv = [
    "comfyui-emulator",
    "--simulated",
    "--port",
    String(self.port()),
    "--preview-method",
    self.previewMethod,
  ];
  return {
    system: {
      os: profile.os,
      ram_total: totalmem(),
      ram_free: freemem(),
      comfyui_version: profile.comfyuiVersion,
      required_frontend_version: profile.frontendVersion,
      installed_templates_version: profile.templatesVersion,
      required_templates_version: profile.templatesVersion,
      python_version: `SIMULATED (Node.js ${process.versions.node})`,
      pytorch_version: "SIMULATED",
      embedded_python: false,
      argv,
    },
    devices: [device],
  };
}
