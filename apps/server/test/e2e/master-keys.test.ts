import { readdir } from "node:fs/promises";
import { signRequest } from "@comfy/signing";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findPostgres, type PostgresServer, startPostgres } from "../ports/start-postgres.ts";
import { apiKey, apiSecret, type RunningService, startService } from "./start-service.ts";

const bin = findPostgres();
const masterKey = (id: string, byte: number) => `${id}:${Buffer.alloc(32, byte).toString("base64")}`;
const [first, second] = [masterKey("first", 1), masterKey("second", 2)];

describe.skipIf(bin === undefined)(
  "processes on one PostgreSQL, each with a disk of its own",
  { timeout: 120_000 },
  () => {
    let postgres: PostgresServer;
    beforeAll(async () => {
      postgres = await startPostgres(bin ?? "");
    }, 120_000);
    afterAll(() => postgres?.stop());

    const start = (url: string, masterKeys?: string) =>
      startService({ environment: { DATABASE_URL: url, ...(masterKeys && { MASTER_KEYS: masterKeys }) } });

    async function ask(
      { url }: RunningService,
      method: string,
      path: string,
      key = apiKey,
      secret = apiSecret,
      body?: object,
    ) {
      const text = body && JSON.stringify(body);
      const signed = await signRequest({
        version: 2,
        keyId: key,
        secret,
        method,
        target: path,
        ...(text && { body: text }),
      });
      const headers = { ...signed, ...(text && { "content-type": "application/json" }) };
      const response = await fetch(url + path, { method, headers, ...(text && { body: text }) });
      return { status: response.status, body: (await response.json()) as Record<string, string> };
    }
    const make = (service: RunningService, path: string, body: object) =>
      ask(service, "POST", path, apiKey, apiSecret, body);
    const makeKey = (service: RunningService) => make(service, "/api/v1/auth/keys", { name: "a key" });

    async function readLinkKeys(url: string) {
      const client = new Client(url);
      await client.connect();
      try {
        const { rows } = await client.query(
          "select id, secret is not null as is_plain from comfy.link_keys order by id",
        );
        return rows as { id: string; is_plain: boolean }[];
      } finally {
        await client.end();
      }
    }

    async function makeLink(service: RunningService): Promise<string> {
      const { body } = await make(service, "/image", { prompt: "a fox", width: 64, height: 64 });
      const { pathname, search } = new URL(body.signedUrl ?? "");
      return pathname + search;
    }

    it("start again and again without MASTER_KEYS: links stay good, and nothing depends on a disk", async () => {
      const url = await postgres.createDatabase();
      let link: string;
      {
        await using service = await start(url);
        link = await makeLink(service);
        expect(await readdir(service.directory)).not.toContain("master.key");
      }
      const before = await readLinkKeys(url);
      expect(before).toEqual([{ id: expect.any(String), is_plain: true }]);
      await using service = await start(url);
      expect((await fetch(service.url + link)).status).not.toBe(403);
      expect(await readLinkKeys(url)).toEqual(before);
    });

    it("refuse without MASTER_KEYS what needs a sealed secret, in a sentence with a code; endpoints work as they did", async () => {
      await using service = await start(await postgres.createDatabase());
      const { status, body } = await makeKey(service);
      expect([status, body.code]).toEqual([503, "master_key_missing"]);
      expect(body.error).toContain("MASTER_KEYS");
      const endpoint = await make(service, "/api/v1/webhooks", { url: "https://example.com/hook" });
      expect([endpoint.status, endpoint.body.secret]).toEqual([201, expect.stringMatching(/^whsec_/)]);
    });

    it("share what is sealed over a rolling restart with a new master key, and refuse to start without the one it needs", async () => {
      const url = await postgres.createDatabase();
      await using old = await start(url, first);
      const { body: made } = await makeKey(old);
      const use = (service: RunningService) =>
        ask(service, "POST", `/jobs/image/${made.id}/cancel`, made.key, made.secret);
      await using fresh = await start(url, `${second},${first}`);
      for (const service of [fresh, old]) expect((await use(service)).body.code).toBe("job_not_found");
      await expect(start(url, second)).rejects.toThrow(/cannot be opened.*master key first.*MASTER_KEYS/s);
      await expect(start(url)).rejects.toThrow(/cannot be opened.*master key first.*MASTER_KEYS/s);
    });

    it("leave plain link keys plain at the start with a first MASTER_KEYS: processes without it still need them", async () => {
      const url = await postgres.createDatabase();
      await using old = await start(url);
      const link = await makeLink(old);
      await using _fresh = await start(url, first);
      expect((await readLinkKeys(url)).map(({ is_plain }) => is_plain)).toEqual([true]);
      expect((await fetch(old.url + link)).status).toBe(200);
    });
  },
);
