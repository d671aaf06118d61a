// The process of the stubs, started by parts/stubs.ts: its argument is how many backends, everything else comes over the channel.
import { createStubBackend } from "./backend.ts";
import type { Rendering, StubAnswer, StubRequest } from "./protocol.ts";

let rendering: Rendering = { outputBytes: 1_000_000, durationMs: 0 };
let requests: Record<string, number> = {};
const onRequest = (name: string) => {
  requests[name] = (requests[name] ?? 0) + 1;
};
const tell = (answer: StubAnswer) => process.send?.(answer);

const count = Number(process.argv[2]);
const backends = await Promise.all(
  Array.from({ length: count }, () => createStubBackend({ rendering: () => rendering, onRequest })),
);

process.on("message", (request: StubRequest) => {
  switch (request.type) {
    case "configure":
      rendering = request.rendering;
      tell({ type: "done" });
      break;
    case "drop":
      for (const backend of backends) backend.drop(request.isAll);
      tell({ type: "done" });
      break;
    case "count":
      tell({ type: "counted", requests, prompts: requests["POST /prompt"] ?? 0 });
      requests = {};
  }
});
// Whoever started us is gone.
process.on("disconnect", () => process.exit(0));
tell({ type: "ready", urls: backends.map(({ url }) => url) });
