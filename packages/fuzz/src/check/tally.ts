import type { Operation } from "../document/operations.ts";
import type { DrawnRequest } from "../draw/request.ts";

export interface Finding {
  readonly operation: string;
  readonly problem: string;
  /** The first request that showed it. */
  readonly method: string;
  readonly target: string;
  readonly status: number;
  readonly sent: string;
  readonly answered: string;
  count: number;
}

/** What came of an operation so far. */
export interface Outcomes {
  requests: number;
  successes: number;
  readonly statuses: Map<number, number>;
}

export interface Tally {
  readonly requestCount: number;
  /** Requests that were neither refused for who sent them nor for how many there were. */
  readonly admittedCount: number;
  readonly statuses: ReadonlyMap<number, number>;
  readonly findings: readonly Finding[];
  outcomesOf(operationId: string): Outcomes;
  note(operationId: string, status: number): void;
  noteFinding(request: Pick<DrawnRequest, "method" | "target" | "body">, found: FoundProblem): void;
}

export interface FoundProblem {
  readonly operation: string;
  readonly problem: string;
  readonly status: number;
  readonly answered: string;
}

const REFUSED = new Set([401, 403, 429]);
const SHOWN_LENGTH_MAX = 400;

export function createTally(operations: readonly Operation[]): Tally {
  const outcomes = new Map<string, Outcomes>(operations.map(({ id }) => [id, toOutcomes()]));
  const statuses = new Map<number, number>();
  const findings = new Map<string, Finding>();
  let requestCount = 0;
  let admittedCount = 0;

  const outcomesOf = (id: string): Outcomes => {
    const known = outcomes.get(id) ?? toOutcomes();
    outcomes.set(id, known);
    return known;
  };

  return {
    get requestCount() {
      return requestCount;
    },
    get admittedCount() {
      return admittedCount;
    },
    statuses,
    get findings() {
      return [...findings.values()];
    },
    outcomesOf,
    note(operationId, status) {
      requestCount += 1;
      if (!REFUSED.has(status)) admittedCount += 1;
      count(statuses, status);
      const own = outcomesOf(operationId);
      own.requests += 1;
      if (status >= 200 && status < 300) own.successes += 1;
      count(own.statuses, status);
    },
    noteFinding({ method, target, body }, found) {
      const key = `${found.operation} ${found.problem}`;
      const known = findings.get(key);
      if (known) {
        known.count += 1;
        return;
      }
      const sent = body ? Buffer.from(body).toString("utf8").slice(0, SHOWN_LENGTH_MAX) : "";
      const answered = found.answered.slice(0, SHOWN_LENGTH_MAX);
      findings.set(key, { ...found, method, target: target.slice(0, SHOWN_LENGTH_MAX), sent, answered, count: 1 });
    },
  };
}

const toOutcomes = (): Outcomes => ({ requests: 0, successes: 0, statuses: new Map() });

function count(counts: Map<number, number>, status: number): void {
  counts.set(status, (counts.get(status) ?? 0) + 1);
}
