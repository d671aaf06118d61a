import { call, type Reply, send } from "./call.ts";
import type { Door } from "./start-door.ts";

/** A key that a test made, with what proves it. */
export interface Made {
  readonly id: string;
  readonly key: string;
  readonly secret: string;
  readonly token: string;
}

export const KEYS = "/api/v1/auth/keys";

/** Makes a key as the first key of the environment, or as another one. */
export async function makeKey(door: Door, wish: object = {}, by: { key?: string; secret?: string } = {}) {
  const reply = await call(door, "POST", KEYS, { ...by, body: { name: "a key", ...wish } });
  return { ...reply, made: reply.body as Made };
}

/** A request that carries a bearer token. */
export const bear = (door: Door, method: string, path: string, token: string, body?: unknown): Promise<Reply> =>
  send(door, path, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body !== undefined && { "content-type": "application/json" }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });

/** A signed request of a key that was made. */
export const callAs = (
  door: Door,
  { key, secret }: Pick<Made, "key" | "secret">,
  method: string,
  path: string,
  body?: unknown,
) => call(door, method, path, { key, secret, body });
