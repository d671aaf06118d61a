import type { History } from "../../queue/history.ts";
import type { PromptQueue } from "../../queue/prompt-queue.ts";
import type { Route } from "../router.ts";

export interface JobRouteParts {
  readonly queue: PromptQueue;
  readonly history: History;
  readonly interrupt: () => void;
}

export function jobRoutes(_parts: JobRouteParts): readonly Route[] {
  return [];
}
