import { inGroup } from "../attack.ts";
import { readJson } from "../target/send.ts";
import type { Target } from "../target/target.ts";
import { judge, refused, succeeded, type Try } from "../verdict.ts";
import { picture } from "./requests.ts";

/** Every way to a job goes past here. */
const ownJob = {
  file: "apps/server/src/jobs/find-own-job.ts",
  find: "job.ownerId !== ownerId ||",
  replace: "",
};

/** What a thief gets who knows the id of somebody else's job that has ended. */
const onEndedJob = (ask: (jobId: string, target: Target) => Promise<readonly Try[]>) => async (target: Target) => {
  const { jobId } = await target.victim.makeImage();
  return judge(await ask(jobId, target), [404]);
};

export const stolenJobAttacks = inGroup("ownership", [
  {
    name: "somebody else's job is read",
    attack: onEndedJob(async (jobId, { thief, ip, send }) => [
      [
        "with the key alone",
        await send({
          method: "GET",
          path: `/jobs/image/${jobId}`,
          headers: { "x-api-key": thief.key, "x-forwarded-for": ip },
        }),
      ],
      ["on the platform", await thief.call("GET", `/api/v1/jobs/${jobId}`)],
    ]),
    defence: ownJob,
  },
  {
    name: "somebody else's result is downloaded",
    attack: onEndedJob(async (jobId, { thief }) => [
      ["result", await thief.call("GET", `/api/v1/jobs/${jobId}/result`)],
    ]),
    defence: ownJob,
  },
  {
    name: "somebody else's events are followed",
    attack: onEndedJob(async (jobId, { thief }) => [
      ["product", await thief.call("GET", `/jobs/image/${jobId}/events`)],
      ["platform", await thief.call("GET", `/api/v1/jobs/${jobId}/events`)],
    ]),
    defence: ownJob,
  },
  {
    name: "somebody else's events are followed over a socket",
    async attack({ victim, thief, socket }) {
      const { jobId } = await victim.makeImage();
      const path = `/ws/jobs/${jobId}`;
      const { headers } = await thief.sign({ method: "GET", path });
      const { status, text } = await socket(path, { headers: headers as Record<string, string> });
      return status === 101
        ? succeeded(`101 ${text}`)
        : judge([["socket", { status, text, headers: {}, bytes: Buffer.alloc(0) }]], [404]);
    },
    defence: ownJob,
  },
  {
    name: "a ticket is made for somebody else's job",
    attack: onEndedJob(async (jobId, { thief }) => [
      ["ticket", await thief.call("POST", `/api/v1/jobs/${jobId}/ticket`)],
    ]),
    defence: ownJob,
  },
  {
    name: "somebody else's job is cancelled",
    async attack({ victim, thief, backend }) {
      backend.mark("a slow harbour", { delayMs: 6_000 });
      const jobId = await victim.queueImage({ prompt: "a slow harbour" });
      return judge(
        [
          ["DELETE", await thief.call("DELETE", `/api/v1/jobs/${jobId}`)],
          ["platform", await thief.call("POST", `/api/v1/jobs/${jobId}/cancel`)],
          ["product", await thief.call("POST", `/jobs/image/${jobId}/cancel`)],
        ],
        [404],
      );
    },
    defence: ownJob,
  },
  {
    name: "somebody else's job is tried again, to learn what it makes",
    async attack({ victim, thief, backend }) {
      backend.mark("a slow quay", { delayMs: 6_000 });
      const jobId = await victim.queueImage({ prompt: "a slow quay" });
      await victim.call("DELETE", `/api/v1/jobs/${jobId}`);
      await victim.settle(jobId);
      return judge([["retry", await thief.call("POST", `/api/v1/jobs/${jobId}/retry`)]], [404]);
    },
    defence: ownJob,
  },
  {
    name: "answers tell which ids of jobs exist",
    async attack({ victim, thief }) {
      const jobId = await victim.queueImage();
      const unknown = `${jobId.slice(0, -4)}0000`;
      const [there, nowhere] = [
        await thief.call("GET", `/api/v1/jobs/${jobId}`),
        await thief.call("GET", `/api/v1/jobs/${unknown}`),
      ];
      const words = (text: string, id: string) =>
        String(readJson({ text, status: 0, headers: {}, bytes: Buffer.alloc(0) }).error).replace(id, "ID");
      const [one, other] = [
        `${there.status} ${words(there.text, jobId)}`,
        `${nowhere.status} ${words(nowhere.text, unknown)}`,
      ];
      return one === other ? refused(`both: ${one}`) : succeeded(`${one} / ${other}`);
    },
    defence: {
      file: ownJob.file,
      find: "  if (job === undefined ||",
      replace:
        '  if (job !== undefined && job.ownerId !== ownerId) throw new AppError("access_denied", "This job is not yours.");\n  if (job === undefined ||',
    },
  },
  {
    name: "a list of jobs holds those of others",
    async attack({ victim, thief }) {
      const jobId = await victim.queueImage();
      const { status, text } = await thief.call("GET", "/api/v1/jobs?limit=100");
      if (status !== 200) throw new Error(`The list was not given: ${status} ${text}`);
      return text.includes(jobId) ? succeeded(`the list holds ${jobId}`) : refused("the list holds nobody else's");
    },
    defence: {
      file: "apps/server/src/adapters/database/list-jobs.ts",
      find: "const conditions = [sql`j.owner_id = ${toText(ownerId)}`];",
      replace: "const conditions = [sql`true`];",
    },
  },
  {
    name: "somebody else's batch is read",
    async attack({ victim, thief }) {
      const batchId = await queueBatch(victim);
      return judge([["batch", await thief.call("GET", `/api/v1/batches/${batchId}`)]], [404]);
    },
    defence: {
      file: "apps/server/src/adapters/database/batch-store.ts",
      find: "where b.id = ${id}::uuid and b.owner_id = ${toText(ownerId)}`",
      replace: "where b.id = ${id}::uuid`",
    },
  },
  {
    name: "somebody else's batch is cancelled",
    async attack({ victim, thief, backend }) {
      backend.mark("a slow pier", { delayMs: 6_000 });
      const batchId = await queueBatch(victim, "a slow pier");
      await thief.call("DELETE", `/api/v1/batches/${batchId}`);
      const { jobs = [] } = readJson(await victim.call("GET", `/api/v1/batches/${batchId}`)) as {
        jobs?: { id: string }[];
      };
      const states = await Promise.all(jobs.map(async ({ id }) => String((await victim.settle(id)).status)));
      return states.includes("cancelled") ? succeeded(states.join(", ")) : refused(states.join(", "));
    },
    // Its owner is asked for twice: when it is looked for, and in the statement that cancels.
    defence: [
      {
        file: "apps/server/src/adapters/database/batch-store.ts",
        find: "where b.id = ${id}::uuid and b.owner_id = ${toText(ownerId)}`",
        replace: "where b.id = ${id}::uuid`",
      },
      {
        file: "apps/server/src/adapters/database/batch-store.ts",
        find: "where batch_id = ${batchId}::uuid and owner_id = ${toText(ownerId)} and completed_at is null",
        replace: "where batch_id = ${batchId}::uuid and completed_at is null",
      },
    ],
  },
  {
    name: "an idempotency key of somebody else gives their job",
    async attack({ victim, thief }) {
      const headers = { "idempotency-key": "the-key-of-the-victim" };
      const first = readJson(await victim.call("POST", "/image/async", picture, headers));
      const answer = await thief.call("POST", "/image/async", picture, headers);
      const { jobId } = readJson(answer);
      if (answer.status !== 202) throw new Error(`Nothing was queued: ${answer.status} ${answer.text}`);
      return jobId === first.jobId ? succeeded(`${jobId} was given to both`) : refused("a job of their own");
    },
    defence: {
      file: "apps/server/src/adapters/database/accept-statement.ts",
      find: "sql`owner_id = ${toText(ownerId)} and surface = ${surface} and key_hash",
      replace: "sql`surface = ${surface} and key_hash",
    },
  },
]);

async function queueBatch({ call }: Target["victim"], prompt = "a lighthouse"): Promise<string> {
  const inputs = [1, 2].map((seed) => ({ prompt, seed, width: 64, height: 64 }));
  const { id } = readJson(await call("POST", "/api/v1/batches", { workflow: "image", inputs }));
  if (typeof id !== "string") throw new Error("No batch was queued.");
  return id;
}
