import type { AttemptRow, StrikeRecord } from "../evidence/records.ts";

/** Effects come after their strike: leases run out, a backend is asked again, what was on its way arrives. */
const AFTERMATH_MS = 30_000;
const SKEW_MS = 500;

export interface Span {
  readonly from: number;
  readonly to: number;
}

/** A strike in words, for a report. */
export const toWords = ({ n, kind, target }: StrikeRecord) => `strike ${n} (${kind} ${target})`;

const overlaps = (strike: StrikeRecord, { from, to }: Span) =>
  strike.at <= to + SKEW_MS && strike.healedAt + AFTERMATH_MS >= from;

/** Whether a strike was aimed at this backend, or at a way to it. */
const isOnBackend =
  (backend: string) =>
  ({ target }: StrikeRecord) =>
    target === backend || target.endsWith(`-${backend}`);

/** Whether it took the owner of the work away: the process itself, its database, or what it knows of the others. */
const isOnOwner = ({ process }: StrikeRecord) => ["server", "worker", "postgres", "redis"].includes(process);

const isDeath = ({ kind }: StrikeRecord) => kind === "kill" || kind === "restart";

/**
 * The strikes that can be the reason why an attempt came to nothing. What the service says (`cause`) must fit what was done: a backend
 * that "died" without having been killed is no explanation.
 */
export function findReasons(
  { cause, backend_id }: Pick<AttemptRow, "cause" | "backend_id">,
  span: Span,
  strikes: readonly StrikeRecord[],
): StrikeRecord[] {
  const isHere = isOnBackend(backend_id);
  const fits = (strike: StrikeRecord): boolean => {
    switch (cause) {
      case "backend_died":
      case "output_gone":
        return isHere(strike) && isDeath(strike);
      case "unreachable":
      case "stalled":
        // Whoever was frozen wakes up and finds that nobody has answered for long.
        return isHere(strike) || (isOnOwner(strike) && strike.kind === "freeze");
      case "vanished":
      case "never_arrived":
      case "interrupted":
      case null:
        return isHere(strike) || isOnOwner(strike);
      // Nothing here runs out of memory, and what is new has to be understood first.
      default:
        return false;
    }
  };
  return strikes.filter((strike) => overlaps(strike, span) && fits(strike));
}

/** Causes that leave no other way than to render again: what was made is gone, or nobody can reach it. */
const UNAVOIDABLE = new Set(["backend_died", "output_gone", "unreachable", "stalled"]);

/**
 * Whether a render that was done twice is one of those that stay possible: its backend died or was out of reach, or whoever sent it was
 * frozen. Any other is one that we should have found again.
 */
export function mayRenderTwice(cause: string, reasons: readonly StrikeRecord[]): boolean {
  return UNAVOIDABLE.has(cause) || reasons.some((strike) => strike.kind === "freeze" && isOnOwner(strike));
}

/** The strikes that can hold a POST back until nobody waits for it any more. */
export function findDelays(backend: string, span: Span, strikes: readonly StrikeRecord[]): StrikeRecord[] {
  const isHere = isOnBackend(backend);
  const holds = (strike: StrikeRecord) => (isHere(strike) && !isDeath(strike)) || isOnOwner(strike);
  return strikes.filter((strike) => overlaps(strike, span) && holds(strike));
}
