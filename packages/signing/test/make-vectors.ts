// Prints vectors.json. The digests come from node:crypto, never from this package: a vector a package made for itself proves nothing.
import { createHash, createHmac } from "node:crypto";

const shared = {
  secret: "s3cret-ключ-🔑",
  keyId: "pro_5f0c7a1e",
  timestampMs: 1704912345000,
  nonce: "0123456789abcdef0123456789abcdef",
};

const LONE_SURROGATE = '{"description":"\ud83d!"}';

// A lone surrogate is written as UTF-16 code units: many JSON readers refuse its escape.
type Body = { text?: string; utf16Hex?: string; base64?: string; repeat?: string; times?: number };
const toUtf16Hex = (text: string) =>
  Array.from(text, (_, i) => text.charCodeAt(i).toString(16).padStart(4, "0")).join("");
const cases: { name: string; method?: string; target?: string; body: Body }[] = [
  { name: "no body", method: "GET", target: "/jobs/portrait/018f2b6e-0000-7000-8000-000000000001?wait=25", body: {} },
  { name: "empty body", body: { text: "" } },
  { name: "curl form", target: "/portrait", body: { text: '{"description":"Viking warrior"}' } },
  { name: "unicode", body: { text: '{"description":"Жар-птица, 画像, été"}' } },
  { name: "emoji", body: { text: '{"description":"👩‍🚀🏳️‍🌈"}' } },
  { name: "lone surrogate", body: { utf16Hex: toUtf16Hex(LONE_SURROGATE) } },
  { name: "CRLF", body: { text: '{\r\n  "description": "two\r\nlines"\r\n}\r\n' } },
  { name: "byte order mark", body: { text: '\ufeff{"description":"marked"}' } },
  { name: "the word undefined", body: { text: "undefined" } },
  {
    name: "binary",
    target: "/api/v1/uploads",
    body: { base64: Buffer.from(Array.from({ length: 256 }, (_, i) => i)).toString("base64") },
  },
  { name: "1 MiB", target: "/api/v1/uploads/part?n=1", body: { repeat: "0123456789abcdef", times: 65_536 } },
  {
    name: "public prefix, encoded query",
    target: "/comfy/v1/portrait?note=a%20b&x=%F0%9F%94%91",
    body: { text: "{}" },
  },
  { name: "method in lower case", method: "delete", target: "/api/v1/keys/1", body: {} },
];

const textOf = (body: Body) =>
  body.utf16Hex ? LONE_SURROGATE : (body.text ?? body.repeat?.repeat(body.times ?? 1) ?? "");
const bytesOf = (body: Body): Buffer =>
  body.base64 !== undefined ? Buffer.from(body.base64, "base64") : Buffer.from(textOf(body));
const hmac = (...parts: (string | Buffer)[]) =>
  parts.reduce((mac, part) => mac.update(part), createHmac("sha256", shared.secret)).digest("hex");

const requests = cases.map(({ name, method = "POST", target = "/image", body }) => {
  const bytes = bytesOf(body);
  const bodySha256 = createHash("sha256").update(bytes).digest("hex");
  const text = `comfy-v2\n${shared.timestampMs}\n${shared.nonce}\n${method.toUpperCase()}\n${target}\n${shared.keyId}\n${bodySha256}`;
  return {
    name,
    method,
    target,
    body,
    bodySha256,
    signatureV1: hmac(`${shared.timestampMs}:`, bytes),
    signatureV2: hmac(text),
  };
});

process.stdout.write(`${JSON.stringify({ shared, requests }, null, 2)}\n`);
