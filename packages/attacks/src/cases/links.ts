import { inGroup } from "../attack.ts";
import { statusesIn } from "../target/send.ts";
import type { Target } from "../target/target.ts";
import { judge, refused, succeeded } from "../verdict.ts";

const SIGNER = "apps/server/src/assets/link-signer.ts";
const WORDS = '  "comfy-link",\n  assetId,\n  expires,\n  disposition,\n';
const CHECKED = 'return key !== undefined && timingSafeEqual(toSignature(key, words), Buffer.from(sig, "base64url"));';

/** What is not among the signed words can be changed by whoever holds a link. */
const unsigned = (word: string) => ({ file: SIGNER, find: WORDS, replace: WORDS.replace(`  ${word},\n`, "") });

const get = ({ send, ip }: Target, path: string, headers: Readonly<Record<string, string>> = {}) =>
  send({ method: "GET", path, headers: { "x-forwarded-for": ip, ...headers } });

function change(link: string, parameters: Readonly<Record<string, string>>): string {
  const url = new URL(link, "http://service");
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url.pathname + url.search;
}

export const linkAttacks = inGroup("bytes", [
  {
    name: "a link is made to last longer",
    async attack(target) {
      const { link } = await target.victim.makeImage();
      return judge([["ten years", await get(target, change(link, { expires: "2079476890" }))]], [403]);
    },
    defence: unsigned("expires"),
  },
  {
    name: "a link is turned to another file",
    async attack(target) {
      const [mine, theirs] = [await target.thief.makeImage(), await target.victim.makeImage("another lighthouse")];
      const link = mine.link.replace(mine.assetId, theirs.assetId).replace(mine.name, theirs.name);
      return judge([["another file", await get(target, link)]], [403]);
    },
    defence: unsigned("assetId"),
  },
  {
    name: "a link to a download is made to open in the browser",
    async attack(target) {
      const { assetId } = await target.victim.makeImage();
      const signed = await target.victim.call("POST", `/api/v1/assets/${assetId}/sign`, { disposition: "attachment" });
      const { url = "" } = JSON.parse(signed.text) as { url?: string };
      const { pathname, search } = new URL(url);
      return judge([["inline", await get(target, change(pathname + search, { disposition: "inline" }))]], [403]);
    },
    defence: unsigned("disposition"),
  },
  {
    name: "a link is signed by nobody",
    async attack(target) {
      const { link } = await target.victim.makeImage();
      return judge(
        [
          ["another signature", await get(target, change(link, { sig: "A".repeat(43) }))],
          ["none", await get(target, link.replace(/&sig=.*/, ""))],
          ["two", await get(target, `${link}&sig=${"A".repeat(43)}`)],
        ],
        [403, 400],
      );
    },
    defence: {
      file: "apps/server/src/assets/link-signature.ts",
      find: CHECKED,
      replace: "return key !== undefined;",
    },
  },
  {
    name: "a link names a key that does not exist",
    async attack(target) {
      const { link } = await target.victim.makeImage();
      return judge([["another key", await get(target, change(link, { key: "nobody" }))]], [403]);
    },
    defence: {
      file: "apps/server/src/assets/link-signature.ts",
      find: CHECKED,
      replace: CHECKED.replace("key !== undefined && ", "key === undefined || "),
    },
  },
  {
    name: "a link is given a name that promises something else",
    async attack(target) {
      const { link, name } = await target.victim.makeImage();
      return judge([["invoice.html", await get(target, link.replace(name, "invoice.html"))]], [403]);
    },
    defence: {
      file: "apps/server/src/assets/open-link.ts",
      find: "if (link.name !== opened.asset.name)",
      replace: "if (false)",
    },
  },
  {
    name: "a link is opened after it has expired",
    stage: { isAlone: true },
    async attack(target) {
      const { link } = await target.victim.makeImage();
      if ((await get(target, link)).status !== 200) throw new Error("The link did not open while it was good.");
      await target.restart({ aheadMs: 2 * 3_600_000 });
      return judge([["two hours later", await get(target, link)]], [403]);
    },
    defence: { file: SIGNER, find: "if (Number(expires) * 1000 < clock.nowMs()) {", replace: "if (false) {" },
  },
  {
    name: "a link to a part of an upload is used for another part",
    async attack({ victim, ip, send }) {
      const made = await victim.call("POST", "/api/v1/uploads", { name: "film.mp4", sizeBytes: 20_000_000 });
      const [, uploadId = ""] = /"id":"([^"]+)"/.exec(made.text) ?? [];
      const [, url = ""] = /"(http[^"]*\/parts\/1\?[^"]*)"/.exec(made.text) ?? [];
      const { pathname, search } = new URL(url);
      const path = pathname.replace("/parts/1", "/parts/2") + search;
      const headers = { "x-forwarded-for": ip, "x-content-sha256": "0".repeat(64) };
      const answer = await send({ method: "PUT", path, headers, body: "x" });
      // Let in, it is told that the bytes are not what they should be.
      if (answer.status === 400 || answer.status === 422)
        return succeeded(`${uploadId}: ${answer.status} ${answer.text}`);
      return judge([["part 2", answer]], [403]);
    },
    defence: {
      file: "apps/server/src/assets/part-links.ts",
      find: '["comfy-upload-part", uploadId, n, expires]',
      replace: '["comfy-upload-part", uploadId, expires]',
    },
  },
  {
    name: "a range lies outside of the file",
    async attack(target) {
      const { link } = await target.victim.makeImage();
      // An answer to nonsense may be nonsense itself, which no client reads.
      const ask = async (range: string) => {
        const lines = [`GET ${link} HTTP/1.1`, "Host: x", "Connection: close", `X-Forwarded-For: ${target.ip}`];
        const { text } = await target.raw([`${[...lines, `Range: ${range}`].join("\r\n")}\r\n\r\n`]);
        return statusesIn(text).join() || "nothing";
      };
      const statuses = [await ask("bytes=99999999-"), await ask("bytes=99999999-99999999999")];
      return statuses.every((status) => status === "416") ? refused(statuses.join()) : succeeded(statuses.join());
    },
    defence: {
      file: "apps/server/src/http/range.ts",
      find: "if (start > end || start >= sizeBytes) {",
      replace: "if (false) {",
    },
  },
  {
    name: "a file is asked for in a thousand ranges at once",
    async attack(target) {
      const { link } = await target.victim.makeImage();
      const whole = (await get(target, link)).bytes.length;
      const range = `bytes=${Array.from({ length: 1_000 }, () => "0-").join(",")}`;
      const { bytes, status } = await get(target, link, { range });
      return bytes.length > whole
        ? succeeded(`${bytes.length} bytes of ${whole}`)
        : refused(`${status}: ${bytes.length} bytes`);
    },
    // Several ranges are not served; this is what it would be like.
    defence: {
      file: "apps/server/src/http/send-file.ts",
      find: "const range = readRange(options, file.asset.sizeBytes, etag);",
      replace:
        'if (req.headers.range?.includes(",")) { for (const _ of req.headers.range.split(",")) for await (const chunk of await file.open(undefined, watchCaller(res))) res.write(chunk); return void res.end(); }\n  const range = readRange(options, file.asset.sizeBytes, etag);',
    },
  },
]);
