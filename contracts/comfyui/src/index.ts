/** What ComfyUI promises on its wire: schemas and types, no behaviour. Unknown keys are kept, unknown messages are tolerated. */
export * from "./binary-frame.ts";
export * from "./execution.ts";
export * from "./files.ts";
export * from "./graph.ts";
export * from "./history.ts";
export * from "./jobs.ts";
export * from "./object-info.ts";
export * from "./prompt.ts";
export * from "./queue.ts";
export * from "./socket.ts";
export * from "./system-stats.ts";
