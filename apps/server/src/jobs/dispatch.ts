import type { AppError } from "../errors.ts";
import type { Backend, RenderOutcome } from "../generation/backend.ts";
import type { NoSlot } from "../generation/backend-pool.ts";
import type { Attempt } from "./job.ts";

/** What an attempt came to. */
export type Dispatch =
  | {
      readonly type: "rendered";
      readonly backend: Backend;
      readonly attempt: Attempt;
      readonly outcome: RenderOutcome;
      /** It certainly never ran: whatever befell the backend was another prompt's doing. */
      readonly isBystander: boolean;
      /** It was taken out of the queue of its backend because this process drains. */
      readonly isRecalled: boolean;
    }
  /** Nothing was sent: no backend could take it, or it is `gone` since. */
  | { readonly type: "waiting"; readonly reason: NoSlot["reason"] | "gone"; readonly message: string }
  /** What was sent earlier is given up, unseen. */
  | { readonly type: "missing"; readonly attempt: Attempt; readonly message: string; readonly isTimeUp: boolean }
  /** It was written down, but not sent: the lease of the backend had run out. */
  | { readonly type: "unsent"; readonly attempt: Attempt }
  /** It cannot run: the error says why. */
  | { readonly type: "unfit"; readonly error: AppError }
  /** This process may not go on: the job, or the backend, is another's by now, or it drains. */
  | { readonly type: "let_go" };
