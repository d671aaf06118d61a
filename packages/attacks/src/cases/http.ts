import { setTimeout as sleep } from "node:timers/promises";
import { inGroup } from "../attack.ts";
import { PIXEL } from "../target/multipart.ts";
import { readJson, statusesIn } from "../target/send.ts";
import { judge, refused, succeeded } from "../verdict.ts";
import { picture, withHeaders } from "./requests.ts";

const SERVER = "apps/server/src/http/server.ts";
const HEALTH = "GET /ping HTTP/1.1";
const HOST = "Host: x";

export const connectionAttacks = inGroup("http", [
  {
    name: "headers are larger than anybody needs",
    async attack({ ip, send }) {
      const headers = { "x-forwarded-for": ip, "x-large": "x".repeat(24 * 1024) };
      return judge([["24 kB", await send({ method: "GET", path: "/ping", headers })]], [431]);
    },
    defence: {
      file: SERVER,
      find: "const HEADER_SIZE_BYTES_MAX = 16 * 1024;",
      replace: "const HEADER_SIZE_BYTES_MAX = 1024 * 1024;",
    },
  },
  {
    name: "headers are sent one by one, without end",
    stage: { scenery: [{ file: SERVER, find: "headersTimeout: 10_000,", replace: "headersTimeout: 2_000," }] },
    async attack({ raw }) {
      const lines = Array.from({ length: 100 }, (_, n) => `X-${n}: y\r\n`);
      const { isClosed, text, durationMs } = await raw([`${HEALTH}\r\n`, ...lines], {
        pauseMs: 200,
        timeoutMs: 12_000,
      });
      const seconds = `${Math.round(durationMs / 1_000)} s`;
      return isClosed
        ? refused(`cut after ${seconds}: ${statusesIn(text).join()}`)
        : succeeded(`still open after ${seconds}`);
    },
    defence: {
      file: SERVER,
      find: "...{ ...TIMEOUTS, ...options.timeouts },",
      replace: "...{ ...TIMEOUTS, ...options.timeouts, headersTimeout: 0 },",
    },
  },
  {
    name: "a body is sent byte by byte, without end",
    stage: {
      scenery: [
        {
          file: SERVER,
          find: "  headersTimeout: 10_000,\n  requestTimeout: 300_000,",
          replace: "  headersTimeout: 2_000,\n  requestTimeout: 3_000,",
        },
      ],
    },
    async attack({ raw, victim, ip }) {
      const head = `POST /image/async HTTP/1.1\r\n${HOST}\r\nX-API-Key: ${victim.key}\r\nX-Forwarded-For: ${ip}\r\nContent-Length: 1000\r\n\r\n`;
      const { isClosed, text, durationMs } = await raw([head, ..."x".repeat(100)], { pauseMs: 200, timeoutMs: 14_000 });
      const seconds = `${Math.round(durationMs / 1_000)} s`;
      return isClosed
        ? refused(`cut after ${seconds}: ${statusesIn(text).join()}`)
        : succeeded(`still open after ${seconds}`);
    },
    defence: {
      file: SERVER,
      find: "...{ ...TIMEOUTS, ...options.timeouts },",
      replace: "...{ ...TIMEOUTS, ...options.timeouts, requestTimeout: 0 },",
    },
  },
  {
    name: "a download is begun and never read",
    stage: {
      scenery: [
        {
          file: "apps/server/src/http/connection.ts",
          find: "const SILENCE_MS = 60_000;",
          replace: "const SILENCE_MS = 1_500;",
        },
      ],
    },
    async attack({ victim, hold, readOutput }) {
      // More than the buffers of both ends hold.
      const made = await victim.upload(Buffer.concat([PIXEL, Buffer.alloc(30_000_000)]));
      const { url } = readJson(made) as { url?: string };
      if (url === undefined) throw new Error(`Not taken: ${made.status} ${made.text}`);
      const { pathname, search } = new URL(url);
      const letGo = hold(`GET ${pathname}${search} HTTP/1.1\r\n${HOST}\r\n\r\n`);
      const isOver = () =>
        readOutput()
          .split("\n")
          .some((line) => line.includes(pathname) && line.includes('"status":'));
      for (let round = 0; round < 120 && !isOver(); round++) await sleep(50);
      const isCut = isOver();
      letGo();
      return isCut ? refused("cut within six seconds") : succeeded("still held after six seconds");
    },
    defence: {
      file: "apps/server/src/http/connection.ts",
      find: "res.setTimeout(silenceMs, () => res.destroy());",
      replace: "",
    },
  },
  {
    name: "one connection asks without end",
    async attack({ raw }) {
      const one = `${HEALTH}\r\n${HOST}\r\n\r\n`;
      const { text } = await raw([one.repeat(1_200)], { timeoutMs: 20_000, until: /connection: close/i });
      const count = statusesIn(text).length;
      return /connection: close/i.test(text) ? refused(`closed after ${count} answers`) : succeeded(`${count} answers`);
    },
    defence: { file: SERVER, find: "server.maxRequestsPerSocket = REQUESTS_PER_CONNECTION_MAX;", replace: "" },
  },
  {
    name: "the Host header decides where signed links lead",
    async attack({ victim, send }) {
      const { jobId } = await victim.makeImage();
      const wire = await victim.sign({ method: "GET", path: `/api/v1/jobs/${jobId}` });
      const { text, status } = await send(
        withHeaders(wire, { host: "evil.example", "x-forwarded-host": "evil.example" }),
      );
      if (status !== 200) throw new Error(`The job was not given: ${status} ${text}`);
      return text.includes("evil.example")
        ? succeeded("the links lead to evil.example")
        : refused("the links lead here");
    },
    // Nothing reads the header; this is what it would be like.
    defence: [
      {
        file: "apps/server/src/http/middleware/arrival.ts",
        find: 'const given = req.get(headerNames.requestId) ?? "";',
        replace: 'globalThis.host = req.headers.host;\nconst given = req.get(headerNames.requestId) ?? "";',
      },
      {
        file: "apps/server/src/assets/link-signer.ts",
        find: "return `${publicUrl()}/outputs/",
        replace: "return `http://${globalThis.host}/outputs/",
      },
    ],
  },
  {
    name: "a header turns a request into another method",
    async attack({ victim, send }) {
      const jobId = await victim.queueImage();
      const wire = await victim.sign({ method: "POST", path: `/api/v1/jobs/${jobId}`, version: 1 });
      const override = { "x-http-method-override": "DELETE", "x-method-override": "DELETE" };
      return judge([["POST as DELETE", await send(withHeaders(wire, override))]], [405]);
    },
    defence: {
      file: "apps/server/src/http/middleware/arrival.ts",
      find: 'const given = req.get(headerNames.requestId) ?? "";',
      replace:
        'req.method = req.headers["x-http-method-override"] ?? req.method;\nconst given = req.get(headerNames.requestId) ?? "";',
    },
  },
  {
    name: "an address of another server is asked for, as from a proxy",
    async attack({ raw, victim, ip }) {
      const { body = "", headers = {} } = await victim.sign({
        method: "POST",
        path: "http://inside.example/image/async",
        body: picture,
        signedAs: { path: "/image/async" },
      });
      const lines = Object.entries({
        host: "inside.example",
        ...headers,
        "x-forwarded-for": ip,
        "content-length": `${body.length}`,
      });
      const head = `POST http://inside.example/image/async HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}`).join("\r\n")}\r\n\r\n`;
      const { text } = await raw([head + body.toString()], { timeoutMs: 3_000, until: /\r\n\r\n.*\}/s });
      const [status = ""] = statusesIn(text);
      return ["401", "400", "404"].includes(status)
        ? refused(`${status}: the whole target is what is signed`)
        : succeeded(status);
    },
    defence: {
      file: "apps/server/src/http/middleware/guard.ts",
      find: "const request = { method, target: prefix + originalUrl, headers, body: visit.body };",
      replace: "const request = { method, target: prefix + req.path, headers, body: visit.body };",
    },
  },
]);
