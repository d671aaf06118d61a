import { inGroup } from "../attack.ts";
import { judge, refused, succeeded, type Try } from "../verdict.ts";
import { picture, withHeaders } from "./requests.ts";

const AUTHENTICATE = "apps/server/src/access/authenticate.ts";
const RING = "apps/server/src/access/environment-keys.ts";
const FIND = "find: async (apiKey) => byDigest.get(sha256(apiKey)),";
const FOUND = "const key = await keys.find(text, options);";
const list = { method: "GET", path: "/api/v1/jobs" } as const;

export const keyAttacks = inGroup("keys", [
  {
    name: "a key is invented",
    async attack({ victim, send }) {
      const wire = await victim.sign(list);
      return judge(
        [
          ["another ending", await send(withHeaders(wire, { "x-api-key": `${victim.key}x` }))],
          ["upper case", await send(withHeaders(wire, { "x-api-key": victim.key.toUpperCase() }))],
          ["a word that objects have", await send(withHeaders(wire, { "x-api-key": "constructor" }))],
        ],
        [401],
      );
    },
    defence: [
      {
        file: RING,
        find: FIND,
        replace: "find: async (apiKey) => byDigest.get(sha256(apiKey)) ?? [...byDigest.values()][0],",
      },
      {
        file: "apps/server/src/access/verify-signature.ts",
        find: 'if (!timingSafeEqualHex(expected, signature)) return wrong("badSignature");',
        replace: "",
      },
    ],
  },
  {
    name: "a key is given the prefix of a larger tier",
    async attack({ poor, send }) {
      const key = poor.key.replace("free_", "enterprise_");
      const wire = await poor.sign({ ...list, version: 1 });
      return judge([["enterprise", await send(withHeaders(wire, { "x-api-key": key }))]], [401]);
    },
    defence: {
      file: RING,
      find: FIND,
      replace:
        'find: async (apiKey) => byDigest.get(sha256(apiKey)) ?? byDigest.get(sha256(apiKey.replace(/^[a-z]+_/, "free_"))),',
    },
  },
  {
    name: "the key alone opens a route that asks for a signature",
    async attack({ victim, ip, send }) {
      const headers = { "x-api-key": victim.key, "x-forwarded-for": ip, "content-type": "application/json" };
      const body = JSON.stringify(picture);
      return judge(
        [
          ["a job", await send({ method: "POST", path: "/image/async", headers, body })],
          ["a list", await send({ ...list, headers })],
        ],
        [401],
      );
    },
    defence: {
      file: "apps/server/src/http/middleware/guard.ts",
      find: 'access === "key" ? authenticate.byKey(request) : authenticate.byProof(request)',
      replace: "authenticate.byKey(request)",
    },
  },
  {
    name: "the key alone lists the jobs of its owner",
    async attack({ victim, ip, send }) {
      return judge(
        [["a list", await send({ ...list, headers: { "x-api-key": victim.key, "x-forwarded-for": ip } })]],
        [401],
      );
    },
    defence: {
      file: "contracts/api/src/v1/jobs.ts",
      find: 'const read: RouteMetadata = { access: "signed"',
      replace: 'const read: RouteMetadata = { access: "key"',
    },
  },
  {
    name: "a key that signs is sent as a bearer token",
    async attack({ victim, ip, send }) {
      const headers = { authorization: `Bearer ${victim.key}`, "x-forwarded-for": ip };
      return judge([["bearer", await send({ ...list, headers })]], [401]);
    },
    defence: {
      file: AUTHENTICATE,
      find: "const key = await keys.findByToken(token, options);",
      replace: "const key = (await keys.findByToken(token, options)) ?? (await keys.find(token, options));",
    },
  },
  {
    name: "a key is put into the address",
    async attack({ victim, ip, send }) {
      const jobId = await victim.queueImage();
      const names = ["key", "api_key", "apiKey", "x-api-key"];
      const tries = names.map(async (name): Promise<Try> => {
        const path = `/jobs/image/${jobId}?${name}=${victim.key}`;
        return [name, await send({ method: "GET", path, headers: { "x-forwarded-for": ip } })];
      });
      return judge(await Promise.all(tries), [401]);
    },
    // Nothing reads keys from addresses, which stand in the logs of every proxy; this is what it would be like.
    defence: {
      file: "apps/server/src/http/middleware/arrival.ts",
      find: 'const given = req.get(headerNames.requestId) ?? "";',
      replace:
        'req.headers["x-api-key"] ??= req.query.key ?? req.query.api_key;\nconst given = req.get(headerNames.requestId) ?? "";',
    },
  },
  {
    name: "an operator's route is called without the scope",
    async attack({ victim }) {
      return judge(
        [
          ["backends", await victim.call("GET", "/api/v1/admin/backends")],
          ["drain", await victim.call("POST", "/api/v1/admin/backends/x/drain")],
        ],
        [403],
      );
    },
    defence: {
      file: "apps/server/src/http/middleware/admission.ts",
      find: "if (scope === undefined || scopes.includes(scope)) return;",
      replace: "return;",
    },
  },
  {
    name: "a key that was taken out of the environment goes on",
    stage: { isAlone: true, environment: { COMFYUI_API_KEYS: "somebody:enterprise_somebody_else", ADMIN_KEYS: "" } },
    async attack({ victim }) {
      return judge([["a list", await victim.call("GET", "/api/v1/jobs")]], [401]);
    },
    defence: {
      file: AUTHENTICATE,
      find: FOUND,
      replace: `${FOUND.replace("await keys.find(text, options)", '(await keys.find(text, options)) ?? (await keys.find("enterprise_somebody_else", options))')}`,
    },
  },
]);

/** How often a stranger at one address is listened to. */
async function guess(count: number, ask: (n: number) => Promise<{ readonly status: number }>) {
  let limited = 0;
  for (let n = 0; n < count && limited === 0; n++) if ((await ask(n)).status === 429) limited++;
  return limited > 0 ? refused("429 within the minute") : succeeded(`${count} guesses, each answered on its merits`);
}

const GUESSES = 75;
const IP_GUARD = "apps/server/src/access/ip-guard.ts";
const guessed = (n: number, ip: string) => ({ "x-api-key": `enterprise_guess_${n}`, "x-forwarded-for": ip });

export const guessAttacks = inGroup("keys", [
  {
    name: "keys are guessed from one address",
    attack: ({ ip, send }) =>
      guess(GUESSES, (n) => send({ method: "GET", path: "/jobs/image/x", headers: guessed(n, `${ip}`) })),
    defence: {
      file: IP_GUARD,
      find: 'recordFailure: (ip) => spend("failures", ip, failed, "Too many failed requests"),',
      replace: "recordFailure: async () => undefined,",
    },
  },
  {
    name: "keys are guessed from one address that pretends to be many",
    attack: ({ ip, send }) =>
      guess(GUESSES, (n) =>
        send({ method: "GET", path: "/jobs/image/x", headers: guessed(n, `203.0.113.${n}, ${ip}`) }),
      ),
    defence: {
      file: "apps/server/src/http/app.ts",
      find: 'app.set("trust proxy", deps.flags.proxyHops);',
      replace: 'app.set("trust proxy", true);',
    },
  },
  {
    name: "keys are guessed from all addresses of one IPv6 network",
    attack: ({ send, victim }) =>
      guess(GUESSES, (n) => {
        const network = `2001:db8:${victim.key.slice(-4)}:1`;
        return send({ method: "GET", path: "/jobs/image/x", headers: guessed(n, `${network}::${n.toString(16)}`) });
      }),
    defence: { file: IP_GUARD, find: ".slice(0, 4)", replace: ".slice(0, 8)" },
  },
  {
    name: "tickets of sockets are guessed, under invented addresses",
    attack: ({ ip, socket }) =>
      guess(GUESSES, (n) =>
        socket(`/ws/jobs/01a21363-0000-7000-8000-000000000000?ticket=${"a".repeat(43)}`, {
          headers: { "x-forwarded-for": `203.0.113.${n}, ${ip}` },
        }),
      ),
    defence: {
      file: "apps/server/src/http/sockets/caller-ip.ts",
      find: "chain.at(-1 - Math.min(proxyHops, chain.length - 1))",
      replace: "chain.at(0)",
    },
  },
  {
    name: "signatures of links are guessed",
    attack: ({ ip, send }) =>
      guess(GUESSES, (n) =>
        send({
          method: "GET",
          path: `/outputs/01a21363-0000-7000-8000-000000000000/image.png?expires=9999999999&key=k&sig=${n}`,
          headers: { "x-forwarded-for": ip },
        }),
      ),
    defence: {
      file: "apps/server/src/http/routes/product/outputs.ts",
      find: 'if (error instanceof AppError && error.code === "link_invalid") await ipGuard.recordFailure(ip);',
      replace: "",
    },
  },
]);
