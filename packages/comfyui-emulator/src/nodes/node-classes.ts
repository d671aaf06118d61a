import type { Painter } from "../media/painting/painter.ts";
import type { NodeClass } from "../node.ts";
import { audioNodes } from "./audio-nodes.ts";
import { imageNodes } from "./image-nodes.ts";
import { imageSavingNodes } from "./image-saving-nodes.ts";
import { loadingNodes } from "./loading-nodes.ts";
import { maskNodes } from "./mask-nodes.ts";
import { conditioningNodes } from "./simulated/conditioning.ts";
import { latentNodes } from "./simulated/latents.ts";
import { createLoaderNodes, type HasModel } from "./simulated/loaders.ts";
import { createSamplerNodes } from "./simulated/sampler-nodes.ts";
import { createSonicNodes } from "./simulated/sonic-nodes.ts";
import { speechNodes } from "./simulated/speech-nodes.ts";
import { upscaleNodes } from "./simulated/upscale-nodes.ts";
import { textNodes } from "./text-nodes.ts";
import { vhsNodes } from "./vhs-nodes.ts";
import { videoNodes } from "./video-nodes.ts";

export interface NodeClassParts {
  readonly painter: Painter;
  readonly hasModel: HasModel;
  /** How long one sampler step takes at normal speed. */
  readonly stepMs: number;
}

/** Every class that runs. Those that only appear in `/object_info` are refused by the catalogue. */
export function createNodeClasses(parts: NodeClassParts): readonly NodeClass[] {
  return [
    ...imageNodes,
    ...imageSavingNodes,
    ...maskNodes,
    ...audioNodes,
    ...textNodes,
    ...loadingNodes,
    ...videoNodes,
    ...vhsNodes,
    ...createLoaderNodes(parts.hasModel),
    ...conditioningNodes,
    ...latentNodes,
    ...createSamplerNodes(parts.painter, parts.stepMs),
    ...upscaleNodes,
    ...speechNodes,
    ...createSonicNodes(parts.hasModel),
  ];
}
