import { createHmac } from "node:crypto";
import { type Answer, readJson } from "../target/send.ts";
import type { Target } from "../target/target.ts";

export const PASSWORD = "correct horse battery staple";

/** Somebody who is logged in. */
export interface Person {
  readonly email: string;
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly userId: string;
}

export const ask = (
  { send, ip }: Target,
  method: string,
  path: string,
  body?: object,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> =>
  send({
    ...{ method, path },
    headers: { "x-forwarded-for": ip, "content-type": "application/json", ...headers },
    ...(body && { body: JSON.stringify(body) }),
  });

export const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

export const logIn = (target: Target, email: string, password = PASSWORD, headers = {}) =>
  ask(target, "POST", "/api/v1/auth/login", { email, password }, headers);

export const refresh = (target: Target, refreshToken: string) =>
  ask(target, "POST", "/api/v1/auth/refresh", { refreshToken });

/** A write that everybody who is logged in may make. */
export const makeKey = (target: Target, token: string, wish: object = {}) =>
  ask(target, "POST", "/api/v1/auth/keys", { name: "of an attack", mode: "bearer", ...wish }, bearer(token));

export async function register(target: Target, name = "somebody"): Promise<Person> {
  const email = `${name}.${target.victim.key.slice(-16)}@example.com`;
  const answer = await ask(target, "POST", "/api/v1/auth/register", { email, password: PASSWORD });
  const { accessToken, refreshToken, user } = readJson(answer) as {
    accessToken?: string;
    refreshToken?: string;
    user?: { id: string };
  };
  if (!accessToken || !refreshToken || !user) throw new Error(`Nobody was registered: ${answer.status} ${answer.text}`);
  return { email, accessToken, refreshToken, userId: user.id };
}

const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
const decode = (part = "") => JSON.parse(Buffer.from(part, "base64url").toString()) as Record<string, unknown>;

/** A token like this one with other parts, signed with a key of the attacker's or not at all. */
export function forge(token: string, header: object, claims: object, key?: Uint8Array): string {
  const [ownHeader, ownClaims] = token.split(".");
  const text = `${encode({ ...decode(ownHeader), ...header })}.${encode({ ...decode(ownClaims), ...claims })}`;
  return `${text}.${key ? createHmac("sha256", key).update(text).digest("base64url") : ""}`;
}
