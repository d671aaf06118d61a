export { createEmulator, type Emulator } from "./emulator.ts";
export type { CachePolicy } from "./execution/cache.ts";
export type { FaultChange, FaultSettings } from "./faults/fault-state.ts";
export { DEFAULT_MODELS, type PretendModels } from "./files/models.ts";
export type { ExtraNode } from "./graph/catalogue.ts";
export {
  type FilePlace,
  type FileReference,
  type NodeClass,
  type NodeContext,
  NodeError,
  type NodeFiles,
  type NodeInputs,
  type NodeResult,
  type NodeValue,
  type Preview,
} from "./node.ts";
export type { EmulatorOptions, PreviewMethod } from "./options.ts";
export type { ProfileName } from "./profiles/profile.ts";
