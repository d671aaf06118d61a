import { inGroup } from "../attack.ts";
import { PIXEL } from "../target/multipart.ts";
import { readJson } from "../target/send.ts";
import type { Target } from "../target/target.ts";
import { judge, refused, succeeded, type Try } from "../verdict.ts";

const OPEN = "apps/server/src/assets/open-asset.ts";
const PAGE = Buffer.from("<html><script>alert(document.domain)</script></html>");

/** A file that a backend says it has made, as its link gives it. */
async function openLie(
  { backend, victim, send, ip }: Target,
  word: string,
  lie: { filename: string; subfolder?: string; bytes?: Buffer },
) {
  backend.mark(word, { bytes: PIXEL, ...lie });
  const picture = await victim.makeImage(`a ${word}`);
  return { picture, answer: await send({ method: "GET", path: picture.link, headers: { "x-forwarded-for": ip } }) };
}

const isPlain = (name: string): boolean => /^[\p{L}\p{M}\p{N}][\p{L}\p{M}\p{N}._-]*$/u.test(name);

const nameVerdict = (names: readonly string[]) => {
  const odd = names.filter((name) => !isPlain(name));
  return odd.length > 0 ? succeeded(`kept as ${odd.join(" and ")}`) : refused(`kept as ${names.join(" and ")}`);
};

const wholeName = {
  file: "apps/server/src/assets/file-name.ts",
  find: 'path.normalize("NFC").replace(/[^\\p{L}\\p{M}\\p{N}._-]+/gu, "_")',
  replace: "path",
};

export const fileAttacks = inGroup("bytes", [
  {
    name: "the name of an upload holds markup, quotes and control characters",
    async attack({ victim }) {
      const names = [
        "<img src=x onerror=alert(1)>.png",
        "a\u202Egnp.exe.png",
        "..%2f..%2fetc%2fpasswd.png",
        "a;filename=b.html;.png",
      ];
      const answers = await Promise.all(names.map((name) => victim.upload(PIXEL, name)));
      const broken = answers.find(({ status }) => status !== 201);
      if (broken) throw new Error(`Not taken: ${broken.status} ${broken.text}`);
      return nameVerdict(answers.map((answer) => String(readJson(answer).name)));
    },
    defence: wholeName,
  },
  {
    name: "the name of an upload climbs out of its folder",
    async attack({ victim }) {
      const body = { sizeBytes: PIXEL.length, name: "../../../../etc/cron.d/root.png" };
      const made = readJson(await victim.call("POST", "/api/v1/uploads", body));
      const url = /"(http[^"]*\/parts\/1\?[^"]*)"/.exec(JSON.stringify(made))?.[1] ?? "";
      return completeOnePart({ victim, made, url });
    },
    defence: [
      { file: wholeName.file, find: 'name.split(/[/\\\\]/).at(-1) ?? ""', replace: "name" },
      { ...wholeName, replace: 'path.replace(/[<>]/g, "_")' },
      { file: wholeName.file, find: 'stem.replace(/^[._-]+/, "")', replace: "stem" },
    ],
  },
  {
    name: "a page is uploaded as a picture",
    async attack({ victim }) {
      const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>');
      return judge(
        [
          ["HTML", await victim.upload(PAGE)],
          ["SVG", await victim.upload(svg, "picture.svg")],
          ["PDF", await victim.upload(Buffer.from("%PDF-1.7\n%âãÏÓ\n"), "picture.pdf")],
        ],
        [415],
      );
    },
    defence: {
      file: "apps/server/src/assets/upload-asset.ts",
      find: "if (isMediaType(type)) return;",
      replace: "return;",
    },
  },
  {
    name: "a page that a backend made opens as one, on our address",
    async attack(target) {
      const { answer } = await openLie(target, "poisoned-page", { filename: "page.html", bytes: PAGE });
      const { "content-type": type = "", "content-disposition": disposition = "" } = answer.headers;
      return disposition.startsWith("attachment") && !type.includes("html")
        ? refused(`${type}; ${disposition}`)
        : succeeded(`${type}; ${disposition}`);
    },
    defence: { file: OPEN, find: 'isInlineType(type) ? disposition : "attachment"', replace: "disposition" },
  },
  {
    name: "a picture that is a page as well is run by the browser",
    async attack({ victim, send, ip }) {
      const { url = "" } = readJson(await victim.upload(Buffer.concat([PIXEL, PAGE]))) as { url?: string };
      const { pathname, search } = new URL(url);
      const { headers } = await send({ method: "GET", path: pathname + search, headers: { "x-forwarded-for": ip } });
      const { "content-security-policy": policy = "", "x-content-type-options": sniffing = "" } = headers;
      const shown = `${sniffing}; ${policy}`;
      return sniffing === "nosniff" && /\bsandbox\b/.test(policy) ? refused(shown) : succeeded(shown);
    },
    defence: { file: OPEN, find: '"Content-Security-Policy": "default-src \'none\'; sandbox",', replace: "" },
  },
  {
    name: "a link is passed on by the page that shows it",
    async attack({ victim, send, ip }) {
      const { link } = await victim.makeImage();
      const { headers } = await send({ method: "GET", path: link, headers: { "x-forwarded-for": ip } });
      const { "referrer-policy": policy = "", "cache-control": cache = "" } = headers;
      return policy === "no-referrer" && /private/.test(cache)
        ? refused(`${policy}; ${cache}`)
        : succeeded(`${policy}; ${cache}`);
    },
    defence: {
      file: "apps/server/src/http/routes/product/outputs.ts",
      find: '"private, max-age=3600, immutable"',
      replace: '"public, max-age=3600"',
    },
  },
  {
    name: "a path of this machine is given as an input",
    async attack({ victim }) {
      const paths = [
        "/etc/passwd",
        "../../etc/passwd",
        "file:///etc/passwd",
        "/outputs/../../../etc/passwd",
        "C:\\Windows\\win.ini",
        "/proc/self/environ",
      ];
      const tries = paths.map(async (path): Promise<Try> => [path, await speak(victim, path)]);
      return judge(await Promise.all(tries), [400]);
    },
    defence: {
      file: "apps/server/src/assets/resolve-reference.ts",
      find: "const url = parseUrl(text);",
      replace: 'const url = parseUrl(text);\n    if (!url) return { type: "url", url: text };',
    },
  },
  {
    name: "somebody else's file is given as an input",
    async attack({ victim, thief }) {
      const { id, localPath, url } = readJson(await victim.upload(PIXEL)) as Record<string, string>;
      const unsigned = String(url).replace(/\?.*/, "");
      return judge(
        [
          ["its id", await speak(thief, String(id))],
          ["its path", await speak(thief, String(localPath))],
          ["its link, unsigned", await speak(thief, unsigned)],
        ],
        [404],
      );
    },
    defence: {
      file: "apps/server/src/assets/resolve-reference.ts",
      find: "(found.ownerId !== reference.ownerId && !(await isOpenedBy(link)))",
      replace: "false",
    },
  },
]);

/** A lip-sync of this face; what it sounds like does not matter. */
const speak = (account: Target["victim"], face: string) =>
  account.call("POST", "/lipsync/async", { portrait_image: face, audio: "https://outside.test/voice.wav" });

async function completeOnePart({
  victim,
  made,
  url,
}: {
  victim: Target["victim"];
  made: Record<string, unknown>;
  url: string;
}) {
  const { createHash } = await import("node:crypto");
  const { pathname, search, origin } = new URL(url);
  const sha256 = createHash("sha256").update(PIXEL).digest("hex");
  await fetch(origin + pathname + search, { method: "PUT", body: PIXEL, headers: { "x-content-sha256": sha256 } });
  const completed = await victim.call("POST", `/api/v1/uploads/${made.id}/complete`);
  if (completed.status !== 201) throw new Error(`Not completed: ${completed.status} ${completed.text}`);
  return nameVerdict([String(readJson(completed).name)]);
}
