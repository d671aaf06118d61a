import { setTimeout as sleep } from "node:timers/promises";
import { inGroup } from "../attack.ts";
import { refused, succeeded } from "../verdict.ts";

const broken = "the database at postgres://service:hunter2@10.0.0.7/comfy is gone";

export const leakAttacks = inGroup("leaks", [
  {
    name: "an error that nobody foresaw tells what is inside",
    stage: {
      scenery: [
        {
          file: "apps/server/src/http/routes/product/health.ts",
          find: "async ping() {",
          replace: `async ping() {\n      throw new Error("${broken}");`,
        },
      ],
    },
    async attack({ ip, send }) {
      const { status, text } = await send({ method: "GET", path: "/ping", headers: { "x-forwarded-for": ip } });
      if (status !== 500) throw new Error(`Nothing broke: ${status} ${text}`);
      return /hunter2|\bat .*\.ts:\d+|10\.0\.0\.7/.test(text) ? succeeded(text) : refused(text);
    },
    defence: {
      file: "apps/server/src/errors.ts",
      find: '"Something went wrong on our side."',
      replace: "thrown instanceof Error ? String(thrown.stack) : String(thrown)",
    },
  },
  {
    name: "a password in the address of a server gets into the log",
    stage: {
      scenery: [
        {
          file: "apps/server/src/http/routes/product/health.ts",
          find: "async ping() {",
          replace: `async ping() {\n      throw new Error("${broken}");`,
        },
      ],
    },
    async attack({ ip, send, readOutput }) {
      await send({ method: "GET", path: "/ping", headers: { "x-forwarded-for": ip } });
      await sleep(300);
      const output = readOutput();
      if (!output.includes("nobody foresaw")) throw new Error("Nothing was logged.");
      return output.includes("hunter2")
        ? succeeded("the password stands in the log")
        : refused("the password is struck out");
    },
    defence: {
      file: "apps/server/src/adapters/pino/redact.ts",
      find: "[/(\\b[a-z][a-z0-9+.-]{0,20}:\\/\\/)[^\\s/?#@]+@/gi, `$1${STRUCK}@`],",
      replace: "",
    },
  },
  {
    name: "a key in the path gets into the log",
    async attack({ victim, ip, send, readOutput }) {
      await send({ method: "GET", path: `/jobs/image/${victim.key}`, headers: { "x-forwarded-for": ip } });
      await sleep(300);
      const secret = victim.key.replace("enterprise_", "");
      return readOutput().includes(secret) ? succeeded("the key stands in the log") : refused("the key is struck out");
    },
    defence: {
      file: "apps/server/src/adapters/pino/redact.ts",
      find: "[/\\b((?:free|basic|pro|enterprise)_)[A-Za-z0-9_-]{8,}/g, `$1${STRUCK}`],",
      replace: "",
    },
  },
  {
    name: "a line of the log is forged through the id of a request",
    async attack({ ip, send, readOutput }) {
      const forged = '","level":"error","msg":"forged';
      const { headers } = await send({
        method: "GET",
        path: "/ping",
        headers: { "x-forwarded-for": ip, "x-request-id": forged },
      });
      await sleep(300);
      const isTold = headers["x-request-id"] === forged || readOutput().includes("forged");
      return isTold ? succeeded("the id was taken as it came") : refused(`another id: ${headers["x-request-id"]}`);
    },
    defence: {
      file: "apps/server/src/http/middleware/arrival.ts",
      find: "REQUEST_ID.test(given) ? given : createId(clock.nowMs())",
      replace: "given || createId(clock.nowMs())",
    },
  },
  {
    name: "answers tell what the service is made of",
    async attack({ ip, send }) {
      const { headers } = await send({ method: "GET", path: "/health", headers: { "x-forwarded-for": ip } });
      const telling = ["server", "x-powered-by", "via"].filter((name) => headers[name] !== undefined);
      return telling.length > 0
        ? succeeded(telling.map((name) => `${name}: ${headers[name]}`).join())
        : refused("none of the headers tells");
    },
    // Switched off in the framework, and taken out of every answer.
    defence: [
      { file: "apps/server/src/http/app.ts", find: 'app.disable("x-powered-by");', replace: "" },
      {
        file: "apps/server/src/http/middleware/security-headers.ts",
        find: "return helmet({",
        replace: "return helmet({ xPoweredBy: false,",
      },
    ],
  },
  {
    name: "the health check tells where the backends are",
    async attack({ ip, send, backend }) {
      const { text } = await send({ method: "GET", path: "/health", headers: { "x-forwarded-for": ip } });
      const { host } = new URL(backend.url);
      return text.includes(host) ? succeeded(text) : refused(text);
    },
    // Nothing of it is known there; this is what it would be like.
    defence: {
      file: "apps/server/src/compose.ts",
      find: "backendHealth: health, version, durability,",
      replace: "backendHealth: health, version: arguments[0].config.backends[0].url, durability,",
    },
  },
  {
    name: "answers are kept by caches on the way",
    async attack({ victim }) {
      const jobId = await victim.queueImage();
      const answers = [
        await victim.call("GET", `/api/v1/jobs/${jobId}`),
        await victim.call("GET", "/api/v1/jobs/none"),
      ];
      const policies = answers.map(({ headers }) => headers["cache-control"] ?? "none");
      return policies.every((policy) => policy === "no-store") ? refused(policies.join()) : succeeded(policies.join());
    },
    defence: {
      file: "apps/server/src/http/middleware/arrival.ts",
      find: 'res.setHeader("Cache-Control", "no-store");',
      replace: "",
    },
  },
  {
    name: "pages of other sites frame, sniff or read what we answer",
    async attack({ ip, send }) {
      const { headers } = await send({ method: "GET", path: "/health", headers: { "x-forwarded-for": ip } });
      const wanted = [
        "x-content-type-options",
        "content-security-policy",
        "referrer-policy",
        "strict-transport-security",
        "cross-origin-resource-policy",
      ];
      const missing = wanted.filter((name) => headers[name] === undefined);
      return missing.length > 0 ? succeeded(`without ${missing.join(", ")}`) : refused(`with ${wanted.join(", ")}`);
    },
    defence: { file: "apps/server/src/http/app.ts", find: "createSecurityHeaders(), ", replace: "" },
  },
]);

const evil = "https://evil.example";

export const originAttacks = inGroup("http", [
  {
    name: "a page of another site calls, where no site may",
    async attack({ victim, ip, send }) {
      const { headers } = await send({
        method: "OPTIONS",
        path: "/image/async",
        headers: { origin: evil, "access-control-request-method": "POST", "x-forwarded-for": ip },
      });
      const read = await victim.call("GET", "/api/v1/jobs", undefined, { origin: evil });
      const allowed = [headers, read.headers].map((all) => all["access-control-allow-origin"]).filter(Boolean);
      return allowed.length > 0 ? succeeded(`allowed ${allowed.join()}`) : refused("no origin is allowed");
    },
    defence: {
      file: "apps/server/src/http/middleware/cors.ts",
      find: "if (origins.length === 0) return next();",
      replace: 'if (origins.length === 0) { res.setHeader("Access-Control-Allow-Origin", "*"); return next(); }',
    },
  },
  {
    name: "a page of a site with a similar name calls, where one site may",
    stage: { environment: { CORS_ORIGINS: "https://good.example" } },
    async attack({ ip, send }) {
      const origins = [
        "https://good.example.evil.example",
        "https://evilgood.example",
        "http://good.example",
        "null",
        "https://good.example:8443",
      ];
      const answers = await Promise.all(
        origins.map((origin) =>
          send({
            method: "OPTIONS",
            path: "/image/async",
            headers: { origin, "access-control-request-method": "POST", "x-forwarded-for": ip },
          }),
        ),
      );
      const allowed = answers.map(({ headers }) => headers["access-control-allow-origin"]).filter(Boolean);
      return allowed.length > 0 ? succeeded(`allowed ${allowed.join()}`) : refused("none of them is allowed");
    },
    defence: {
      file: "apps/server/src/http/middleware/cors.ts",
      find: "!origins.includes(origin)",
      replace: "!origins.some((known) => origin.startsWith(known))",
    },
  },
]);
