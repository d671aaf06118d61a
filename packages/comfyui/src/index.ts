/** A typed client of the ComfyUI protocol that believes the queue and the history, and lets the socket only hint. */
export type { Cancelled, CancelOptions } from "./cancel.ts";
export { type ComfyUi, type ComfyUiOptions, createComfyUi } from "./client.ts";
export type { FreeOptions } from "./discovery.ts";
export { ComfyUiError, type ComfyUiErrorCode } from "./errors.ts";
export type { PromptEvent } from "./events.ts";
export type { Allot, GatheredFile, OpenedFile } from "./fetched-file.ts";
export type { PromptState } from "./find.ts";
export type { Ended, FollowOptions } from "./follow.ts";
export type { ComfyUiLog } from "./log.ts";
export { type Failure, isOutOfMemory, type Outcome } from "./outcome.ts";
export { type OutputValue, readOutputs, type ServerFile } from "./outputs.ts";
export type { Progress } from "./progress.ts";
export type { GraphProblem, SubmitOptions, Submitted } from "./submit.ts";
export { defaultTimeouts, type Timeouts } from "./timeouts.ts";
export { toInputName, type UploadOptions } from "./upload.ts";
