import { createHash } from "node:crypto";
import { type CheckAnswer, checkStray, createCheckAnswer } from "../check/check-answer.ts";
import { createTally, type Tally } from "../check/tally.ts";
import { type Operation, readOperations } from "../document/operations.ts";
import type { Json } from "../document/schema.ts";
import { plainPicture } from "../draw/media.ts";
import { type DrawnRequest, drawRequest } from "../draw/request.ts";
import { drawWord } from "../draw/value.ts";
import { createMemory, type Memory, readJson } from "../memory/memory.ts";
import { createRandom, type Random } from "../random.ts";
import type { Account } from "../wire/account.ts";
import type { Answer, Send, WireRequest } from "../wire/send.ts";
import { type Accounts, USER_PASSWORD } from "./accounts.ts";
import { choose } from "./choose.ts";

export interface CampaignOptions {
  readonly document: Json;
  readonly origin: string;
  readonly receiverUrl: string;
  readonly send: Send;
  readonly accounts: Accounts;
  readonly seed: number;
  readonly requestCount: number;
  readonly concurrency: number;
  readonly signal: AbortSignal;
  readonly onProgress?: (done: number) => void;
}

/** A share of the requests goes to paths that the document does not know. */
const STRAY_SHARE = 0.03;
const PROGRESS_EVERY = 1_000;

interface Campaign extends CampaignOptions {
  readonly operations: readonly Operation[];
  readonly random: Random;
  /** What answers told, by owner. */
  readonly memories: (owner: string) => Memory;
  readonly tally: Tally;
  readonly check: CheckAnswer;
}

/** Asks every operation of the document again and again, in every way it allows and in some it does not. */
export async function runCampaign(options: CampaignOptions): Promise<Tally> {
  const { document, origin, signal, concurrency, requestCount, seed } = options;
  const operations = readOperations(document);
  const campaign: Campaign = {
    ...options,
    operations,
    random: createRandom(seed),
    memories: createMemories(operations, origin),
    tally: createTally(operations),
    check: createCheckAnswer(document),
  };
  let begun = 0;
  async function work(): Promise<void> {
    while (begun < requestCount && !signal.aborted) {
      begun += 1;
      if (begun % PROGRESS_EVERY === 0) options.onProgress?.(begun);
      await (campaign.random.chance(STRAY_SHARE) ? askStray(campaign) : askKnown(campaign));
    }
  }
  await Promise.all(Array.from({ length: concurrency }, work));
  return campaign.tally;
}

/** What no answer tells and some requests need. */
const hints = {
  sizeBytes: plainPicture.byteLength,
  sha256: createHash("sha256").update(plainPicture).digest("hex"),
  currentPassword: USER_PASSWORD,
};

function createMemories(operations: readonly Operation[], origin: string) {
  const memories = new Map<string, Memory>();
  return (owner: string): Memory => {
    const memory = memories.get(owner) ?? createMemory(operations, origin, hints);
    memories.set(owner, memory);
    return memory;
  };
}

async function askKnown(campaign: Campaign): Promise<void> {
  const { operations, tally, random, accounts, memories } = campaign;
  const { operation, intent } = choose(operations, tally, random);
  const account = accounts.pick({ isPublic: operation.isPublic || operation.isLink, intent }, random);
  const memory = memories(account.owner);
  await ask(campaign, drawRequest(operation, intent, { ...campaign, memory }), account);
}

async function ask(campaign: Campaign, request: DrawnRequest, account: Account): Promise<void> {
  const { tally, memories, check, accounts, signal } = campaign;
  const { operation } = request;
  const answer = await trySend(campaign, request, account);
  if (signal.aborted) return;
  if (typeof answer === "string") {
    tally.noteFinding(request, { operation: operation.id, problem: answer, status: 0, answered: "" });
    return;
  }
  const { status } = answer;
  tally.note(operation.id, status);
  const answered = answer.bytes.toString("utf8");
  const problem = check(operation, answer);
  if (problem !== undefined) tally.noteFinding(request, { operation: operation.id, problem, status, answered });
  if (status === 401) await accounts.renew(account);
  const memory = memories(account.owner);
  if (status === 404) memory.forget(request.remembered);
  if (status < 200 || status >= 300) return;
  memory.learn(operation, { body: request.value }, readJson(answered));
  await undo(campaign, request, account);
}

async function askStray(campaign: Campaign): Promise<void> {
  const { random, operations, tally, accounts, signal } = campaign;
  const method = random.pick(["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"]);
  const known = random.pick(operations).path.replace(/\{[^}]+\}/g, "x");
  const paths = [`/${drawWord(random, 8)}`, `${known}/${drawWord(random, 5)}`, `${known}//`, "/%00", "/..%2f"];
  const request = { method, target: random.pick(paths), headers: {} };
  const answer = await trySend(campaign, request, accounts.pick({ intent: "valid", isPublic: true }, random));
  if (signal.aborted) return;
  const status = typeof answer === "string" ? 0 : answer.status;
  tally.note(STRAY, status);
  const isBare = method === "HEAD" || method === "OPTIONS";
  const problem = typeof answer === "string" ? answer : isBare ? undefined : checkStray(answer);
  if (problem !== undefined) tally.noteFinding(request, { operation: STRAY, problem, status, answered: "" });
}

/** Stands in the report for the paths that are not there. */
const STRAY = "(no such path)";

/** The answer, or what went wrong as a sentence. */
async function trySend({ send, random }: Campaign, request: WireRequest, account: Account): Promise<Answer | string> {
  // An address of its own for each, so that what one spends in failures is not the others'.
  const forwarded = `10.${random.integer(0, 255)}.${random.integer(0, 255)}.${random.integer(1, 254)}`;
  try {
    const headers = { ...request.headers, ...(await account.prove(request)), "x-forwarded-for": forwarded };
    return await send({ ...request, headers });
  } catch (error) {
    return `There was no answer: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** A backend that was taken out of service is put back at once: nothing would be rendered any more. */
async function undo(campaign: Campaign, request: DrawnRequest, account: Account): Promise<void> {
  if (!request.operation.path.endsWith("/drain")) return;
  const path = request.operation.path.replace(/drain$/, "resume");
  const operation = campaign.operations.find((each) => each.path === path);
  const target = request.target.replace(/drain(\?.*)?$/, "resume");
  if (operation) await ask(campaign, { ...request, operation, target }, account);
}
