import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { signRequest } from "@comfy/signing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createLog } from "../../src/adapters/pino/create-log.ts";
import { findPostgres, type PostgresServer, startPostgres } from "../ports/start-postgres.ts";
import { apiKey, apiSecret, type RunningService, startService } from "./start-service.ts";

const bin = findPostgres();
const PASSWORD = "correct horse battery staple";

interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: answers of many shapes.
  readonly body: any;
  readonly text: string;
}

interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
}

interface AskOptions {
  readonly body?: unknown;
  readonly key?: string;
  readonly secret?: string;
  readonly token?: string;
  readonly version?: 1 | 2;
}

describe.skipIf(bin === undefined)("every secret that was used", () => {
  let postgres: PostgresServer;
  let databaseUrl: string;
  let service: RunningService;
  const lines: string[] = [];
  /** Everything that was answered with an error. */
  let errors = "";
  const used = new Map<string, string>();

  async function ask(method: string, path: string, options: AskOptions = {}): Promise<Answer> {
    const { key = apiKey, secret = apiSecret, token, version = 2 } = options;
    const body = options.body === undefined ? undefined : JSON.stringify(options.body);
    const proof = token
      ? { authorization: `Bearer ${token}` }
      : await signRequest({ version, keyId: key, secret, method, target: path, ...(body !== undefined && { body }) });
    const signature = "X-Signature" in proof ? proof["X-Signature"] : undefined;
    if (signature) used.set(`signature of ${method} ${path} ${used.size}`, signature);
    const response = await fetch(service.url + path, {
      method,
      headers: { ...proof, ...(body !== undefined && { "content-type": "application/json" }) },
      ...(body !== undefined && { body }),
    });
    const text = await response.text();
    if (response.status >= 400) errors += `${text}\n`;
    return { status: response.status, text, body: text.startsWith("{") ? JSON.parse(text) : undefined };
  }

  beforeAll(async () => {
    postgres = await startPostgres(bin ?? "");
    databaseUrl = await postgres.createDatabase();
    const destination = { write: (line: string) => lines.push(line) };
    service = await startService({
      environment: {
        DATABASE_URL: databaseUrl,
        MASTER_KEYS: `first:${Buffer.alloc(32, 9).toString("base64")}`,
        REGISTRATION: "open",
        ALLOW_PRIVATE_URLS: "true",
      },
      log: createLog({ level: "debug", destination }),
    });
    await useEverything();
  }, 120_000);
  afterAll(async () => {
    await service?.[Symbol.asyncDispose]();
    await postgres?.stop();
  });

  function keep(name: string, secrets: Record<string, unknown>): void {
    for (const [field, value] of Object.entries(secrets))
      if (typeof value === "string") used.set(`${name}: ${field}`, value);
  }

  async function useEverything(): Promise<void> {
    keep("environment", { apiKey, apiSecret, master: Buffer.alloc(32, 9).toString("base64") });
    const signed = (await ask("POST", "/api/v1/auth/keys", { body: { name: "signed" } })).body;
    const bearer = (await ask("POST", "/api/v1/auth/keys", { body: { name: "bearer", mode: "bearer" } })).body;
    for (const { name, key, secret, token, webhookSecret } of [signed, bearer])
      keep(name, { key, secret, token, webhookSecret });
    for (const { id, name } of [signed, bearer]) {
      const { secret, token, webhookSecret } = (await ask("POST", `/api/v1/auth/keys/${id}/rotate`, { body: {} })).body;
      keep(`${name}, rotated`, { secret, token, webhookSecret });
    }
    await useKeys(signed, bearer);
    await useAccount();
    await misuse(signed, bearer);
  }

  async function useKeys(signed: { key: string; secret: string }, bearer: { token: string }): Promise<void> {
    const hook = (await ask("POST", "/api/v1/webhooks", { body: { url: `${service.emulator.url}/nowhere` } })).body;
    keep("endpoint", { secret: hook.secret });
    const rotated = await ask("POST", `/api/v1/webhooks/${hook.id}/rotate-secret`, { body: {} });
    keep("endpoint, rotated", { secret: rotated.body.secret });
    const input = { description: "Viking warrior" };
    for (const proof of [signed, { token: bearer.token }]) {
      const made = await ask("POST", "/portrait", { body: input, ...proof });
      expect(made.status).toBe(200);
      keep("link", { sig: new URL(made.body.signedUrl).searchParams.get("sig") });
      const ticket = (await ask("POST", `/api/v1/jobs/${made.body.taskId}/ticket`, { body: {} })).body;
      keep("ticket", ticket);
      await (await fetch(`${service.url}/api/v1/jobs/${made.body.taskId}/events?ticket=${ticket.ticket}`)).text();
      expect((await fetch(made.body.signedUrl)).status).toBe(200);
      await fetch(`${made.body.signedUrl}x`);
    }
  }

  async function useAccount(): Promise<void> {
    const credentials = { email: "ada@example.com", password: PASSWORD };
    keep("account", credentials);
    used.delete("account: email");
    const post = (path: string, body: unknown) =>
      fetch(service.url + path, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
    const registered = await post("/api/v1/auth/register", credentials);
    expect(registered.status).toBe(201);
    const { accessToken, refreshToken } = (await registered.json()) as Tokens;
    keep("session", { accessToken, refreshToken });
    errors += await (await post("/api/v1/auth/login", { ...credentials, password: `${PASSWORD}!` })).text();
    errors += await (await post("/api/v1/auth/register", credentials)).text();
    const mine = await ask("POST", "/api/v1/auth/keys", { token: accessToken, body: { name: "of a session" } });
    expect(mine.status).toBe(201);
    keep("session's key", { key: mine.body.key, secret: mine.body.secret });
    const next = (await (await post("/api/v1/auth/refresh", { refreshToken })).json()) as Tokens;
    keep("session, refreshed", { accessToken: next.accessToken, refreshToken: next.refreshToken });
    errors += await (await post("/api/v1/auth/refresh", { refreshToken })).text();
  }

  /** Secrets where they do not belong: each is an error, and none may repeat what it was sent. */
  async function misuse(
    signed: { key: string; secret: string },
    bearer: { key: string; token: string },
  ): Promise<void> {
    for (const secret of [...used.values()]) {
      await ask("GET", `/api/v1/jobs?cursor=${encodeURIComponent(secret)}`);
      await ask("POST", "/portrait", { key: secret.replaceAll(/[^\x21-\x7e]|,/g, "-").slice(0, 200), body: {} });
    }
    for (const token of [signed.key, signed.secret, bearer.key, apiKey, `${bearer.token}x`])
      await ask("GET", "/api/v1/jobs", { token });
    for (const version of [1, 2] as const)
      await ask("POST", "/portrait", { ...signed, secret: `${signed.secret}x`, version, body: {} });
    await ask("POST", "/portrait", { body: { description: 7, signed } });
    expect(errors.split("\n").length).toBeGreaterThan(20);
  }

  /** As it stands, and as columns of bytes and addresses would show it. */
  const formsOf = (secret: string): string[] => [
    secret,
    encodeURIComponent(secret),
    Buffer.from(secret).toString("hex"),
    Buffer.from(secret).toString("base64"),
  ];

  const findIn = (text: string): string[] =>
    [...used].filter(([, secret]) => formsOf(secret).some((form) => text.includes(form))).map(([name]) => name);

  it("is found in no line of the log, at the finest level", () => {
    expect(used.size).toBeGreaterThan(30);
    expect(lines.length).toBeGreaterThan(20);
    expect(findIn(lines.join(""))).toEqual([]);
  });

  it("is found in no body of an error", () => {
    expect(findIn(errors)).toEqual([]);
  });

  it("is found nowhere in a dump of the database", () => {
    const dump = execFileSync(join(bin ?? "", "pg_dump"), [databaseUrl], { encoding: "utf8", maxBuffer: 100_000_000 });
    for (const table of ["api_keys", "link_keys", "webhook_endpoints", "audit_log", "users"])
      expect(dump).toMatch(new RegExp(`COPY comfy\\.${table} .*\\n.+`));
    expect(findIn(dump)).toEqual([]);
  });
});
