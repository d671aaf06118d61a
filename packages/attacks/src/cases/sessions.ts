import { inGroup } from "../attack.ts";
import { readJson } from "../target/send.ts";
import { judge, refused, succeeded, type Try } from "../verdict.ts";
import { ask, bearer, forge, logIn, makeKey, PASSWORD, refresh, register } from "./people.ts";

const TOKENS = "apps/server/src/adapters/jose/access-tokens.ts";
const VERIFIED = "const { payload } = await jwtVerify(token, find, toRules());";
const ROTATE = "apps/server/src/adapters/database/rotate-token.ts";
const LOG_IN = "apps/server/src/access/log-in.ts";

export const tokenAttacks = inGroup("users", [
  {
    name: "an access token is signed by nobody",
    async attack(target) {
      const { accessToken } = await register(target);
      const forged: readonly (readonly [string, string])[] = [
        ["alg none", forge(accessToken, { alg: "none" }, {})],
        ["alg nOnE", forge(accessToken, { alg: "nOnE" }, {})],
        ["an empty signature", forge(accessToken, {}, {})],
        ["another secret", forge(accessToken, {}, {}, Buffer.alloc(32, 1))],
      ];
      const tries = forged.map(async ([what, token]): Promise<Try> => [what, await makeKey(target, token)]);
      return judge(await Promise.all(tries), [401]);
    },
    defence: {
      file: TOKENS,
      find: VERIFIED,
      replace: 'const payload = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());',
    },
  },
  {
    name: "an access token names a key that nobody knows",
    async attack(target) {
      const { accessToken } = await register(target);
      const token = forge(accessToken, { kid: "nobody" }, {}, Buffer.alloc(32));
      return judge([["kid", await makeKey(target, token)]], [401]);
    },
    defence: {
      file: TOKENS,
      find: "if (!key) throw toInvalid();\n        return key.secret;",
      replace: "return key?.secret ?? new Uint8Array(32);",
    },
  },
  {
    name: "an access token goes on after it has expired",
    stage: { isAlone: true },
    async attack(target) {
      const { accessToken } = await register(target);
      await target.restart({ aheadMs: 20 * 60_000 });
      return judge([["twenty minutes later", await makeKey(target, accessToken)]], [401]);
    },
    defence: { file: TOKENS, find: "currentDate: new Date(clock.nowMs()),", replace: "currentDate: new Date(0)," },
  },
  {
    name: "an access token goes on after its session was ended",
    async attack(target) {
      const { accessToken, refreshToken } = await register(target);
      await ask(target, "POST", "/api/v1/auth/logout", { refreshToken });
      return judge([["after the logout", await makeKey(target, accessToken)]], [401]);
    },
    defence: {
      file: "apps/server/src/adapters/database/sessions.ts",
      find: "where s.id = ${sessionId}::uuid and s.ended_at is null and s.expires_at",
      replace: "where s.id = ${sessionId}::uuid and s.expires_at",
    },
  },
  {
    name: "a refresh token is used twice",
    async attack(target) {
      const { refreshToken } = await register(target);
      await refresh(target, refreshToken);
      return judge([["again", await refresh(target, refreshToken)]], [401]);
    },
    defence: { file: ROTATE, find: "if (row.is_used) return endReused(trx, row, rotation.entry);", replace: "" },
  },
  {
    name: "whoever stole a refresh token goes on after that was noticed",
    async attack(target) {
      const { refreshToken } = await register(target);
      const { refreshToken: next } = readJson(await refresh(target, refreshToken));
      await refresh(target, refreshToken);
      return judge([["the newest one", await refresh(target, String(next))]], [401]);
    },
    defence: {
      file: ROTATE,
      find: "where id = ${row.session_id}::uuid and ended_at is null returning id",
      replace: "where false returning id",
    },
  },
]);

export const passwordAttacks = inGroup("users", [
  {
    name: "passwords of one account are guessed from many addresses",
    async attack(target) {
      const { email } = await register(target);
      for (let n = 0; n < 40; n++) {
        const { status } = await logIn(target, email, `wrong password ${n}`, { "x-forwarded-for": `198.51.100.${n}` });
        if (status === 429) return refused(`429 after ${n} guesses`);
      }
      return succeeded("40 guesses, each answered on its merits");
    },
    defence: { file: LOG_IN, find: "await throttle.spendLogin(email, visitor.ip);", replace: "" },
  },
  {
    name: "one password is tried on many accounts from one address",
    async attack(target) {
      for (let n = 0; n < 180; n += 20) {
        const guesses = Array.from({ length: 20 }, (_, index) =>
          ask(target, "POST", "/api/v1/auth/refresh", { refreshToken: `rt_${n + index}` }),
        );
        if ((await Promise.all(guesses)).some(({ status }) => status === 429)) return refused(`429 after ${n} guesses`);
      }
      return succeeded("180 guesses, each answered on its merits");
    },
    // Both what fails and what is asked for in public is counted.
    defence: [
      {
        file: "apps/server/src/http/middleware/guard.ts",
        find: 'await ipGuard.assertWelcome(req.ip ?? "", bucket);',
        replace: "",
      },
      {
        file: "apps/server/src/access/ip-guard.ts",
        find: 'recordFailure: (ip) => spend("failures", ip, failed, "Too many failed requests"),',
        replace: "recordFailure: async () => undefined,",
      },
    ],
  },
  {
    name: "answers tell who has an account",
    async attack(target) {
      const { email } = await register(target);
      const shape = async (address: string) => {
        const { status, text } = await logIn(target, address, "another password");
        return `${status} ${text.replace(/"requestId":"[^"]*"/, "")}`;
      };
      const [known, unknown] = [await shape(email), await shape(`nobody.${email}`)];
      return known === unknown ? refused(known) : succeeded(`${known} / ${unknown}`);
    },
    defence: {
      file: LOG_IN,
      find: "if (!found || !isRight) throw toWrongCredentials();",
      replace:
        'if (!found) throw new AppError("not_found", "There is nobody of this address.");\n    if (!isRight) throw toWrongCredentials();',
    },
  },
  {
    name: "the time of an answer tells who has an account",
    stage: { isAlone: true },
    async attack(target) {
      const { email } = await register(target);
      const cost = async (address: string) => {
        const before = await target.readCpuMs();
        for (let n = 0; n < 4; n++) await logIn(target, address, "another password");
        return (await target.readCpuMs()) - before;
      };
      const [known, unknown] = [await cost(email), await cost(`nobody.${email}`)];
      return unknown < known / 3
        ? succeeded(`${known} ms and ${unknown} ms`)
        : refused(`${known} ms and ${unknown} ms`);
    },
    defence: {
      file: "apps/server/src/access/passwords.ts",
      find: "const expected = encoded === undefined ? stranger : parse(encoded);",
      replace:
        "if (encoded === undefined) return { isRight: false, isStale: false };\n      const expected = parse(encoded);",
    },
  },
  {
    name: "a password is so short that it can be guessed",
    async attack(target) {
      const email = `short.${target.victim.key.slice(-16)}@example.com`;
      return judge([["1234", await ask(target, "POST", "/api/v1/auth/register", { email, password: "1234" })]], [400]);
    },
    defence: {
      file: "apps/server/src/access/password-rules.ts",
      find: "if (sizeBytes < SIZE_BYTES_MIN) return",
      replace: "if (false) return",
    },
  },
  {
    name: "somebody registers where that is closed",
    stage: { environment: { REGISTRATION: "closed" } },
    async attack(target) {
      const email = `uninvited.${target.victim.key.slice(-16)}@example.com`;
      return judge(
        [["register", await ask(target, "POST", "/api/v1/auth/register", { email, password: PASSWORD })]],
        [403],
      );
    },
    defence: {
      file: "apps/server/src/access/account-verbs.ts",
      find: "if (!isRegistrationOpen) {",
      replace: "if (false) {",
    },
  },
  {
    name: "a stranger makes the service hold a large login",
    async attack(target) {
      const answer = await ask(target, "POST", "/api/v1/auth/login", {
        email: "x@example.com",
        password: "x".repeat(900_000),
      });
      // Held and parsed it is found too long.
      return answer.status === 400 ? succeeded(`${answer.status} ${answer.text}`) : judge([["900 kB", answer]], [413]);
    },
    defence: {
      file: "apps/server/src/http/middleware/guard.ts",
      find: "readBody(req, STRANGER_SIZE_BYTES_MAX)",
      replace: "readBody(req, 10_000_000)",
    },
  },
  {
    name: "somebody makes themselves an operator",
    async attack(target) {
      const { accessToken, userId } = await register(target);
      const become = (body: object) => ask(target, "PATCH", `/api/v1/admin/users/${userId}`, body, bearer(accessToken));
      return judge(
        [
          ["role", await become({ role: "admin" })],
          ["tier", await become({ tier: "enterprise" })],
        ],
        [403],
      );
    },
    defence: {
      file: "apps/server/src/access/verify-session.ts",
      find: "scopes: scopesOfRole[role],",
      replace: "scopes,",
    },
  },
]);
