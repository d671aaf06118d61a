// Generated from @comfy/contracts by `npm run generate`. Change the contract, not this file.

/** Where each kind is asked for. */
export const routes = {
  portrait: { method: "POST", path: "/portrait", asyncPath: "/portrait/async" },
  image: { method: "POST", path: "/image", asyncPath: "/image/async" },
  tts: { method: "POST", path: "/tts", asyncPath: "/tts/async" },
  lipsync: { method: "POST", path: "/lipsync", asyncPath: "/lipsync/async" },
} as const;

/** Everything else the SDK calls; `:kind` and `:id` are replaced, encoded. */
export const paths = {
  job: "/jobs/:kind/:id",
  events: "/jobs/:kind/:id/events",
  cancel: "/jobs/:kind/:id/cancel",
  upload: "/api/v1/upload",
  health: "/health",
} as const;
