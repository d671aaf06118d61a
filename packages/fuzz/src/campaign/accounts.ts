import { isRecord } from "../document/schema.ts";
import type { Intent } from "../draw/intent.ts";
import { readJson } from "../memory/memory.ts";
import type { Random } from "../random.ts";
import { operatorKey, tenantKey } from "../stage/stage.ts";
import { type Account, createBearer, createImpostor, createSigner, nobody } from "../wire/account.ts";
import type { Send } from "../wire/send.ts";

export interface Accounts {
  /** Somebody for a request; an impostor or nobody in a tenth of the cases. */
  pick(request: { readonly intent: Intent; readonly isPublic: boolean }, random: Random): Account;
  /** The account was turned away: its session may have ended. */
  renew(account: Account): Promise<void>;
}

const operator = createSigner("operator", operatorKey);
const tenant = createSigner("tenant", tenantKey);
const impostor = createImpostor(operatorKey);

/** Opens a session and makes a bearer key, as the document says. */
export async function openAccounts(send: Send): Promise<Accounts> {
  let session = await openSession(send);
  const bearer = await makeBearer(send);
  return {
    pick({ isPublic, intent }, random) {
      if (isPublic) return random.chance(0.9) ? nobody : tenant;
      if (intent === "valid" && random.chance(0.5)) return operator;
      const share = random.next();
      if (share < 0.5) return operator;
      if (share < 0.65) return tenant;
      if (share < 0.78) return session;
      if (share < 0.88) return bearer;
      return share < 0.95 ? impostor : nobody;
    },
    async renew(account) {
      if (account === session) session = await openSession(send);
    },
  };
}

/** What every user that is made here logs in with. */
export const USER_PASSWORD = "correct horse battery staple";

/** A user of its own for each session: what one of them changes is no other's. */
async function openSession(send: Send): Promise<Account> {
  const email = `fuzz-${crypto.randomUUID()}@example.com`;
  const body = Buffer.from(JSON.stringify({ email, password: USER_PASSWORD }));
  // Each from an address of its own: so many users are not made from one.
  const headers = {
    ...json,
    "x-forwarded-for": `10.${[1, 2, 3].map(() => Math.floor(Math.random() * 250)).join(".")}`,
  };
  const made = await send({ method: "POST", target: "/api/v1/auth/register", headers, body });
  const isToken = (text: string) => /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/.test(text);
  return createBearer("session", findText(made.bytes, isToken));
}

async function makeBearer(send: Send): Promise<Account> {
  const body = Buffer.from(JSON.stringify({ name: "fuzz", mode: "bearer" }));
  const request = { method: "POST", target: "/api/v1/auth/keys", body };
  const answer = await send({ ...request, headers: { ...json, ...(await operator.prove(request)) } });
  return createBearer(
    "bearer",
    findText(answer.bytes, (_, name) => name === "token"),
    "operator",
  );
}

const json = { "content-type": "application/json" };

/** The first text of an answer that passes. @throws Error showing the answer when none does */
function findText(bytes: Buffer, isIt: (text: string, name: string) => boolean): string {
  const search = (value: unknown): string | undefined => {
    if (!isRecord(value)) return undefined;
    for (const [name, inner] of Object.entries(value)) {
      const found = typeof inner === "string" && isIt(inner, name) ? inner : search(inner);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  const found = search(readJson(bytes.toString("utf8")));
  if (found === undefined) throw new Error(`The service gave no token: ${bytes.toString("utf8").slice(0, 300)}`);
  return found;
}
