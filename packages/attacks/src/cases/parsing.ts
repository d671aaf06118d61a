import { inGroup } from "../attack.ts";
import type { Target } from "../target/target.ts";
import { judge, judgeBreaking, refused, succeeded, type Try } from "../verdict.ts";
import { endpoint, picture } from "./requests.ts";

const JSON_FILE = "apps/server/src/http/json.ts";
const queue = ({ victim }: Target, body: object | string | Uint8Array) => victim.call("POST", "/image/async", body);

/** A body of the smallest job with something beside it; the product surface ignores fields that it does not know. */
const withField = (text: string): string => JSON.stringify(picture).replace("{", `{${text},`);

export const bodyAttacks = inGroup("parsing", [
  {
    name: "JSON is nested deeper than anybody walks",
    async attack(target) {
      const nest = (depth: number) => withField(`"x":${"[".repeat(depth)}${"]".repeat(depth)}`);
      return judge(
        [
          ["50 levels", await queue(target, nest(50))],
          ["100,000 levels", await queue(target, nest(100_000))],
        ],
        [400],
      );
    },
    defence: { file: JSON_FILE, find: "if (depth === DEPTH_MAX) {", replace: "if (false) {" },
  },
  {
    name: "JSON sets the prototype of all objects",
    async attack(target) {
      return judge(
        [
          ["__proto__", await queue(target, withField('"__proto__":{"isAdmin":true}'))],
          ["escaped", await queue(target, withField('"\\u005f_proto__":{"isAdmin":true}'))],
          ["constructor", await queue(target, withField('"x":{"constructor":{"prototype":{"isAdmin":true}}}'))],
        ],
        [400],
      );
    },
    defence: { file: JSON_FILE, find: "if (FORBIDDEN.has(key))", replace: "if (false)" },
  },
  {
    name: "text is no UTF-8",
    async attack(target) {
      const head = Buffer.from('{"width":64,"height":64,"prompt":"');
      const bytes = (...values: number[]) => Buffer.concat([head, Buffer.from(values), Buffer.from('"}')]);
      return judge(
        [
          ["an overlong slash", await queue(target, bytes(0xc0, 0xaf))],
          ["half a character", await queue(target, bytes(0xe2, 0x82))],
          ["a surrogate", await queue(target, bytes(0xed, 0xa0, 0x80))],
        ],
        [400],
      );
    },
    defence: { file: JSON_FILE, find: "{ fatal: true }", replace: "{ fatal: false }" },
  },
  {
    name: "a body in chunks grows without end",
    async attack({ victim, send }) {
      const wire = await victim.sign({
        method: "POST",
        path: "/image/async",
        body: withField(`"x":"${"x".repeat(2_000_000)}"`),
      });
      return judge([["two megabytes", await send({ ...wire, isChunked: true })]], [413]);
    },
    defence: {
      file: "apps/server/src/http/body.ts",
      find: "if (sizeBytes > sizeBytesMax) reject(tooLarge(sizeBytesMax));\n    else chunks.push(chunk);",
      replace: "chunks.push(chunk);",
    },
  },
  {
    name: "a body announces its size and makes the service wait for it",
    async attack({ victim, ip, raw }) {
      const head = `POST /image/async HTTP/1.1\r\nHost: x\r\nX-API-Key: ${victim.key}\r\nX-Forwarded-For: ${ip}\r\nContent-Length: 900000000\r\n\r\n`;
      const { text } = await raw([head], { timeoutMs: 4_000, until: /payload_too_large/ });
      const [line = ""] = text.split("\r\n");
      if (text === "") return { outcome: "succeeded", evidence: "no answer: it waits for 900 MB" };
      return judge(
        [[line, { status: Number(line.split(" ")[1]), text: "", headers: {}, bytes: Buffer.alloc(0) }]],
        [413],
      );
    },
    defence: {
      file: "apps/server/src/http/body.ts",
      find: "if ((readDeclaredSize(req) ?? 0) > sizeBytesMax) return Promise.reject(tooLarge(sizeBytesMax));",
      replace: "",
    },
  },
  {
    name: "a stranger makes the service hold a large body",
    async attack({ ip, raw }) {
      const head = `POST /image/async HTTP/1.1\r\nHost: x\r\nX-API-Key: enterprise_nobody\r\nX-Forwarded-For: ${ip}\r\nContent-Length: 900000\r\n\r\n`;
      const { text } = await raw([head], { timeoutMs: 4_000, until: /invalid_api_key/ });
      const [line = ""] = text.split("\r\n");
      if (text === "") return { outcome: "succeeded", evidence: "no answer: it waits for the body of nobody" };
      return judge(
        [[line, { status: Number(line.split(" ")[1]), text: "", headers: {}, bytes: Buffer.alloc(0) }]],
        [401],
      );
    },
    defence: {
      file: "apps/server/src/http/middleware/raw-body.ts",
      find: "await authenticate.assertKnown(req);",
      replace: "",
    },
  },
  {
    name: "a form is passed for JSON, as pages of other sites may send it",
    async attack({ victim }) {
      const ask = (type: string) =>
        victim.call("POST", "/image/async", JSON.stringify(picture), { "content-type": type });
      return judge(
        [
          ["text/plain", await ask("text/plain")],
          ["a form", await ask("application/x-www-form-urlencoded")],
          ["UTF-16", await ask("application/json; charset=utf-16")],
        ],
        [415],
      );
    },
    defence: {
      file: "apps/server/src/http/middleware/parsed-body.ts",
      find: 'if (isExpected(given ?? "")) return;',
      replace: "return;",
    },
  },
]);

export const valueAttacks = inGroup("parsing", [
  {
    name: "a picture of billions of pixels is asked for",
    async attack(target) {
      return judge(
        [
          ["a million wide", await queue(target, { ...picture, width: 1_000_000 })],
          ["2^53 + 1", await queue(target, JSON.stringify(picture).replace("64", "9007199254740993"))],
          ["1e999", await queue(target, JSON.stringify(picture).replace("64", "1e999"))],
          ["negative", await queue(target, { ...picture, width: -64 })],
          ["a list", await queue(target, { ...picture, width: [64] })],
        ],
        [400],
      );
    },
    defence: {
      file: "contracts/api/src/kinds/image.ts",
      find: "width: z.int().min(64).max(2048).optional()",
      replace: "width: z.any().optional()",
    },
  },
  {
    name: "a prompt is as long as a book",
    async attack(target) {
      return judge([["100,000 characters", await queue(target, { ...picture, prompt: "x".repeat(100_000) })]], [400]);
    },
    defence: {
      file: "contracts/api/src/kinds/image.ts",
      find: "z.string().trim().min(1).max(4000)",
      replace: "z.string()",
    },
  },
  {
    name: "fields that the platform does not know are let through",
    async attack({ victim }) {
      const body = { workflow: "image", input: picture, ownerId: "somebody-else" };
      return judge([["ownerId", await victim.call("POST", "/api/v1/jobs", body)]], [400]);
    },
    defence: {
      file: "contracts/api/src/v1/job-schemas.ts",
      find: "z.strictObject({ workflow: z.literal(workflow), input, ...jobWishes })",
      replace: "z.object({ workflow: z.literal(workflow), input, ...jobWishes })",
    },
  },
  {
    name: "a parameter is given twice, to be read differently by two",
    async attack({ victim }) {
      return judge([["limit", await victim.call("GET", "/api/v1/jobs?limit=1&limit=100")]], [400]);
    },
    defence: {
      file: "apps/server/src/http/query.ts",
      find: "query[name] = value;",
      replace: "query[name] = [value].flat()[0];",
    },
  },
  {
    name: "a parameter names the prototype of all objects",
    async attack({ victim }) {
      return judge([["metadata[__proto__]", await victim.call("GET", "/api/v1/jobs?metadata[__proto__]=x")]], [400]);
    },
    defence: { file: "apps/server/src/http/query.ts", find: ' || key === "__proto__"', replace: "" },
  },
  {
    name: "an id is no id, and reaches the database",
    async attack({ victim }) {
      const ids = ["%00", "'%20or%20''='", "..%2f..%2fadmin", "x".repeat(2_000), "%F0%9F%92%A9"];
      const tries = ids.map(
        async (id): Promise<Try> => [id.slice(0, 20), await victim.call("GET", `/api/v1/jobs/${id}`)],
      );
      return judgeBreaking(await Promise.all(tries), [404, 400]);
    },
    // Looked at where a job is asked for, and again where it is read.
    defence: [
      {
        file: "apps/server/src/jobs/find-own-job.ts",
        find: "const job = isId(id) ? await jobs.find(id) : undefined;",
        replace: "const job = await jobs.find(id);",
      },
      {
        file: "apps/server/src/adapters/database/read-jobs.ts",
        find: "const possible = ids.filter(isId);",
        replace: "const possible = ids;",
      },
    ],
  },
  {
    name: "a path holds bytes that are no text",
    async attack({ victim }) {
      return judgeBreaking([["%E0%A4%A", await victim.call("GET", "/api/v1/jobs/%E0%A4%A")]], [400]);
    },
    defence: {
      file: "apps/server/src/http/to-app-error.ts",
      find: "if (thrown instanceof URIError) {",
      replace: "if (false) {",
    },
  },
  {
    name: "text that the database cannot hold ends in an error of ours",
    async attack({ victim }) {
      const { status, text } = await victim.call("POST", "/api/v1/webhooks", { ...endpoint, description: "a\u0000b" });
      return status >= 500 ? succeeded(`${status} ${text}`) : refused(`${status}: it is kept in a form that can be`);
    },
    defence: {
      file: "apps/server/src/adapters/database/write-values.ts",
      find: 'return value.replaceAll("\\0", "\\uFFFD");',
      replace: "return value;",
    },
  },
]);
