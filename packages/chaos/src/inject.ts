import type { Witness } from "./database/witness.ts";
import type { Stage } from "./stage/stage.ts";

/** Evidence of a disaster that did not happen, to prove that the audit would see it. */
export const injections = ["duplicate", "loss", "stuck"] as const;
export type Injection = (typeof injections)[number];

export const isInjection = (word: string): word is Injection => injections.some((name) => name === word);

const A_WINNER = `
  select t.id as "attemptId", t.job_id as "jobId", t.graph from comfy.attempts t join comfy.jobs j on j.id = t.job_id
  where j.state = 'complete' and t.state = 'done' order by j.seq desc limit 1`;

interface Winner {
  readonly jobId: string;
  readonly attemptId: string;
  readonly graph: unknown;
}

/** Makes it happen to the job that was completed last, with the service stopped. Gives the job's id. */
export async function inject(injection: Injection, { emulators }: Stage, witness: Witness): Promise<string> {
  const [winner] = await witness.read<Winner>(A_WINNER, []);
  const [emulator] = emulators;
  if (winner === undefined || emulator === undefined)
    throw new Error(`Nothing can be injected (${injection}): no job was completed.`);
  const { jobId, attemptId, graph } = winner;
  switch (injection) {
    case "duplicate": {
      const labels = { comfy_service: { job: jobId, attempt: attemptId } };
      const body = JSON.stringify({ prompt: graph, prompt_id: crypto.randomUUID(), extra_data: labels });
      const headers = { "content-type": "application/json" };
      const answer = await fetch(`${emulator.url}/prompt`, { method: "POST", headers, body });
      if (!answer.ok) throw new Error(`${emulator.name} refused the extra prompt: ${await answer.text()}`);
      break;
    }
    case "loss":
      await witness.tamper("delete from comfy.jobs where id = $1", [jobId]);
      break;
    case "stuck":
      await witness.tamper("update comfy.jobs set state = 'running', completed_at = null where id = $1", [jobId]);
      break;
  }
  return jobId;
}
