import { setTimeout as sleep } from "node:timers/promises";
import { inGroup } from "../attack.ts";
import { type Answer, readJson } from "../target/send.ts";
import type { Target } from "../target/target.ts";
import { judge, refused, succeeded } from "../verdict.ts";
import { picture } from "./requests.ts";

const count = (answers: readonly Answer[], status: number) =>
  answers.filter((answer) => answer.status === status).length;

async function ticketOf({ call }: Target["victim"], jobId: string): Promise<string> {
  const { ticket } = readJson(await call("POST", `/api/v1/jobs/${jobId}/ticket`));
  if (typeof ticket !== "string") throw new Error("No ticket was made.");
  return ticket;
}

const TICKETS = "apps/server/src/adapters/database/stream-tickets.ts";

export const limitAttacks = inGroup("limits", [
  {
    name: "more is asked for in a minute than a tier allows",
    async attack({ poor }) {
      const answers = [];
      for (let n = 0; n < 14; n++) answers.push(await poor.call("GET", "/api/v1/webhooks"));
      return count(answers, 429) > 0
        ? refused(`${count(answers, 200)} answers, then 429`)
        : succeeded(`${count(answers, 200)} answers`);
    },
    defence: {
      file: "apps/server/src/access/limit-request.ts",
      find: "if (spent.isAllowed || !nearest) return spent;",
      replace: "return spent;",
    },
  },
  {
    name: "more is asked for at once than a tier allows in a minute",
    async attack({ poor }) {
      const answers = await Promise.all(Array.from({ length: 25 }, () => poor.call("GET", "/api/v1/webhooks")));
      const taken = count(answers, 200);
      return taken > 10 ? succeeded(`${taken} of 25`) : refused(`${taken} of 25`);
    },
    defence: {
      file: "apps/server/src/access/rate-limiter-memory.ts",
      find: "if (isAllowed) hits.times.push(nowMs);",
      replace: "if (isAllowed) setTimeout(() => hits.times.push(nowMs), 2_000);",
    },
  },
  {
    name: "another key of one owner opens a limit of its own",
    stage: {
      environment: {
        COMFYUI_API_KEYS: "one-owner:free_first_of_one_owner,one-owner:free_second_of_one_owner",
        ADMIN_KEYS: "",
      },
    },
    async attack({ poor, send }) {
      const answers = [];
      for (let n = 0; n < 16; n++) {
        const key = n % 2 === 0 ? "free_first_of_one_owner" : "free_second_of_one_owner";
        const wire = await poor.sign({
          method: "GET",
          path: "/api/v1/webhooks",
          version: 1,
          timestampMs: Date.now() + n,
        });
        answers.push(await send({ ...wire, headers: { ...wire.headers, "x-api-key": key } }));
      }
      return count(answers, 429) > 0
        ? refused(`${count(answers, 200)} answers, then 429`)
        : succeeded(`${count(answers, 200)} answers`);
    },
    defence: {
      file: "apps/server/src/access/limit-request.ts",
      find: "`${bucket}:${caller.ownerId}`",
      replace: "`${bucket}:${caller.keyId}`",
    },
  },
  {
    name: "more pictures are asked for than a day allows, in one request",
    async attack({ poor }) {
      const inputs = Array.from({ length: 11 }, (_, seed) => ({ ...picture, seed }));
      return judge([["11 of 10", await poor.call("POST", "/api/v1/batches", { workflow: "image", inputs })]], [429]);
    },
    defence: {
      file: "apps/server/src/adapters/database/accept-statement.ts",
      find: "where ${perDay}::integer >= ${jobCount}::integer and ${isNew}",
      replace: "where ${isNew} and ${perDay}::integer > 0 and ${jobCount}::integer > 0",
    },
  },
  {
    name: "one owner holds all connections by waiting",
    stage: { isAlone: true },
    async attack({ poor, backend }) {
      backend.mark("a slow island", { delayMs: 6_000 });
      const waiting = Array.from({ length: 8 }, () =>
        poor.call("POST", "/image", { ...picture, prompt: "a slow island" }),
      );
      const first = await Promise.race([sleep(4_000).then(() => undefined), Promise.race(waiting)]);
      const isHeld = first === undefined;
      void Promise.allSettled(waiting);
      return isHeld ? succeeded("eight wait") : judge([["one too many", first]], [429]);
    },
    defence: {
      file: "apps/server/src/jobs/generate.ts",
      find: "if (concurrentJobs !== null && count >= Math.max(2, 4 * concurrentJobs)) {",
      replace: "if (false) {",
    },
  },
  {
    name: "an idempotency key is used again for something else",
    async attack({ victim }) {
      const headers = { "idempotency-key": "used-before" };
      await victim.call("POST", "/image/async", picture, headers);
      return judge(
        [["another body", await victim.call("POST", "/image/async", { ...picture, prompt: "other" }, headers)]],
        [422],
      );
    },
    defence: {
      file: "apps/server/src/adapters/database/accept-job.ts",
      find: 'if (row.known_fingerprint !== idempotency?.fingerprint) return { type: "idempotency_key_reused" } as const;',
      replace: "",
    },
  },
  {
    name: "an idempotency key is as long as a page",
    async attack({ victim }) {
      return judge(
        [
          [
            "300 characters",
            await victim.call("POST", "/image/async", picture, { "idempotency-key": "k".repeat(300) }),
          ],
        ],
        [400],
      );
    },
    defence: {
      file: "contracts/api/src/headers.ts",
      find: ".regex(/^[\\x21-\\x7e]{1,255}$/,",
      replace: ".regex(/^[\\x21-\\x7e]{1,9999}$/,",
    },
  },
]);

export const ticketAttacks = inGroup("limits", [
  {
    name: "a ticket is used twice",
    async attack({ victim, socket }) {
      const { jobId } = await victim.makeImage();
      const path = `/ws/jobs/${jobId}?ticket=${await ticketOf(victim, jobId)}`;
      const first = await socket(path);
      if (first.status !== 101) throw new Error(`The ticket did not open the socket: ${first.status}`);
      const { status } = await socket(path);
      return status === 101 ? succeeded("opened twice") : refused(`then ${status}`);
    },
    defence: {
      file: TICKETS,
      find: "delete from comfy.stream_tickets where hash = ${hash} and expires_at > clock_timestamp()\n        returning hash, job_id, caller`",
      replace: "select hash, job_id, caller from comfy.stream_tickets where hash = ${hash}`",
    },
  },
  {
    name: "a ticket is used when its minute is over",
    stage: {
      scenery: [
        {
          file: "apps/server/src/access/stream-tickets.ts",
          find: "const TTL_MS = 60_000;",
          replace: "const TTL_MS = 300;",
        },
      ],
    },
    async attack({ victim, socket }) {
      const { jobId } = await victim.makeImage();
      const path = `/ws/jobs/${jobId}?ticket=${await ticketOf(victim, jobId)}`;
      await sleep(600);
      const { status } = await socket(path);
      return status === 101 ? succeeded("opened") : refused(`${status}`);
    },
    defence: {
      file: TICKETS,
      find: "where hash = ${hash} and expires_at > clock_timestamp()",
      replace: "where hash = ${hash}",
    },
  },
  {
    name: "a ticket for one job opens another",
    async attack({ victim, socket }) {
      const [one, other] = [await victim.makeImage(), await victim.makeImage()];
      const { status } = await socket(`/ws/jobs/${other.jobId}?ticket=${await ticketOf(victim, one.jobId)}`);
      return status === 101 ? succeeded("opened") : refused(`${status}`);
    },
    defence: {
      file: "apps/server/src/access/stream-tickets.ts",
      find: "if (record?.jobId === jobId && ",
      replace: "if (record && ",
    },
  },
  {
    name: "a socket is opened without a ticket or a key",
    async attack({ victim, socket, ip }) {
      const { jobId } = await victim.makeImage();
      const { status } = await socket(`/ws/jobs/${jobId}`, { headers: { "x-forwarded-for": ip, cookie: "session=x" } });
      // Let in as nobody one has no jobs, but is past the door.
      return status === 401 ? refused(`${status}`) : succeeded(`${status}`);
    },
    defence: {
      file: "apps/server/src/http/sockets/socket-door.ts",
      find: "const authenticated = await admit(req, asked);",
      replace: 'const authenticated = await admit(req, asked).catch(() => ({ caller: { ownerId: "", scopes: [] } }));',
    },
  },
  {
    name: "a listener sends more than anybody reads",
    async attack({ victim, backend, socket }) {
      backend.mark("a slow bay", { delayMs: 4_000 });
      const jobId = await victim.queueImage({ prompt: "a slow bay" });
      const path = `/ws/jobs/${jobId}?ticket=${await ticketOf(victim, jobId)}`;
      const { status, closeCode } = await socket(path, { message: "x".repeat(200_000), openMs: 1_500 });
      if (status !== 101) throw new Error(`The socket was not opened: ${status}`);
      return closeCode === 1009 ? refused("closed with 1009") : succeeded(`still open (${closeCode})`);
    },
    defence: {
      file: "apps/server/src/http/sockets/socket-door.ts",
      find: "const MESSAGE_SIZE_BYTES_MAX = 1_024;",
      replace: "const MESSAGE_SIZE_BYTES_MAX = 10_000_000;",
    },
  },
]);
