import { createHash } from "node:crypto";
import { inGroup } from "../attack.ts";
import { PIXEL, toForm } from "../target/multipart.ts";
import { toFrames, toHugePicture, toPictureWith } from "../target/pictures.ts";
import { type Answer, readJson } from "../target/send.ts";
import type { Target } from "../target/target.ts";
import { judge, judgeBreaking, refused, succeeded, type Try } from "../verdict.ts";

const PICTURE = "apps/server/src/assets/check-picture.ts";
const PARTS = "apps/server/src/assets/receive-part.ts";
const FORM = "apps/server/src/http/multipart.ts";
const FILE_HEAD = 'Content-Disposition: form-data; name="file"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n';

interface Opened {
  readonly id: string;
  /** Where its first part is sent. */
  readonly link: string;
}

async function open({ call }: Target["victim"], wish: object): Promise<Opened> {
  const answer = await call("POST", "/api/v1/uploads", { name: "picture.png", ...wish });
  const { id } = readJson(answer);
  const [, url] = /"(http[^"]*\/parts\/1\?[^"]*)"/.exec(answer.text) ?? [];
  if (typeof id !== "string" || url === undefined)
    throw new Error(`No upload was begun: ${answer.status} ${answer.text}`);
  const { pathname, search } = new URL(url);
  return { id, link: pathname + search };
}

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

const put = ({ send, ip }: Target, path: string, bytes: Uint8Array, digest = sha256(bytes)): Promise<Answer> =>
  send({ method: "PUT", path, body: bytes, headers: { "x-forwarded-for": ip, "x-content-sha256": digest } });

export const pictureAttacks = inGroup("uploads", [
  {
    name: "a picture of a hundred bytes unpacks into gigabytes",
    async attack({ victim }) {
      return judge(
        [
          ["60,000 × 60,000", await victim.upload(toHugePicture(60_000, 60_000))],
          ["2^31 - 1 wide", await victim.upload(toHugePicture(2 ** 31 - 1, 1))],
        ],
        [413],
      );
    },
    defence: {
      file: PICTURE,
      find: "if (size.width * size.height > pixelsMax) throw tooLarge(size, 1, pixelsMax);",
      replace: "",
    },
  },
  {
    name: "a picture of one pixel moves for thousands of frames",
    async attack({ victim }) {
      return judge(
        [
          ["3,000 frames", await victim.upload(toFrames(3_000), "a.gif")],
          ["behind a byte that is no block", await victim.upload(toFrames(3_000, "ff"), "a.gif")],
        ],
        [413],
      );
    },
    defence: { file: PICTURE, find: "if (frames > FRAMES_MAX) {", replace: "if (false) {" },
  },
  {
    name: "a picture that is to tell nobody where it was made tells it",
    async attack({ victim, send, ip }) {
      const note = "GPS 51.5007 N 0.1246 W";
      const flag = ['Content-Disposition: form-data; name="stripLocation"\r\n\r\n', "true"] as const;
      const { body, type } = toForm(flag, [FILE_HEAD, toPictureWith(note)]);
      const made = await victim.call("POST", "/api/v1/upload", body, { "content-type": type });
      const { url } = readJson(made) as { url?: string };
      if (url === undefined) throw new Error(`Not taken: ${made.status} ${made.text}`);
      const { pathname, search } = new URL(url);
      const { bytes } = await send({ method: "GET", path: pathname + search, headers: { "x-forwarded-for": ip } });
      return bytes.includes(note)
        ? succeeded("it says where it was made")
        : refused(`${bytes.length} bytes, without the place`);
    },
    defence: {
      file: "apps/server/src/assets/upload-asset.ts",
      find: "isLocationStripped ? stripLocation(",
      replace: "false ? stripLocation(",
    },
  },
  {
    name: "a file is larger than files may be",
    stage: { environment: { MAX_UPLOAD_SIZE: "50000" } },
    async attack({ victim }) {
      const answer = await victim.upload(Buffer.concat([PIXEL, Buffer.alloc(90_000)]));
      return judge([["90 kB of 50", answer]], [413]);
    },
    // Counted as it arrives and as it is stored.
    defence: [
      {
        file: "apps/server/src/http/routes/product/upload.ts",
        find: "const sizeBytesMax = flags.uploadSizeBytesMax;",
        replace: "const sizeBytesMax = 10_000_000;",
      },
      {
        file: "apps/server/src/adapters/disk/intake.ts",
        find: "if (sizeBytes > sizeBytesMax) {",
        replace: "if (false) {",
      },
    ],
  },
]);

export const brokenFormAttacks = inGroup("uploads", [
  {
    name: "a form has thousands of parts before its file",
    async attack({ victim }) {
      const field = ['Content-Disposition: form-data; name="x"\r\n\r\n', "y"] as const;
      const { body, type } = toForm(...Array.from({ length: 3_000 }, () => field), [FILE_HEAD, PIXEL]);
      return judge(
        [["3,000 parts", await victim.call("POST", "/api/v1/upload", body, { "content-type": type })]],
        [400],
      );
    },
    defence: { file: FORM, find: "parts: 12,", replace: "parts: 1_000_000," },
  },
  {
    name: "a form has no boundary",
    async attack({ victim }) {
      const ask = (type: string) => victim.call("POST", "/api/v1/upload", "x".repeat(100), { "content-type": type });
      return judgeBreaking(
        [
          ["none", await ask("multipart/form-data; charset=utf-8")],
          ["an empty one", await ask("multipart/form-data; boundary=")],
        ],
        [400, 415],
      );
    },
    defence: {
      file: FORM,
      find: "    throw malformed(error);\n  }\n}\n\n/** Hands",
      replace: "    throw error;\n  }\n}\n\n/** Hands",
    },
  },
]);

export const partAttacks = inGroup("uploads", [
  {
    name: "a part is replaced by other bytes on its way",
    async attack(target) {
      const { link } = await open(target.victim, { sizeBytes: PIXEL.length });
      const other = Buffer.alloc(PIXEL.length, 1);
      return judge([["other bytes", await put(target, link, other, sha256(PIXEL))]], [422]);
    },
    defence: {
      file: PARTS,
      find: "if (expected.sha256 === undefined || sha256 === expected.sha256) return;",
      replace: "return;",
    },
  },
  {
    name: "a part is larger or smaller than was said",
    async attack(target) {
      const { link } = await open(target.victim, { sizeBytes: PIXEL.length });
      const tries: Try[] = [["smaller", await put(target, link, PIXEL.subarray(0, 10))]];
      return judge(tries, [400]);
    },
    defence: { file: PARTS, find: "if (sizeBytes !== expected.sizeBytes)", replace: "if (false)" },
  },
  {
    name: "a part is sent again without end to whoever's link it is",
    async attack(target) {
      const { link } = await open(target.victim, { sizeBytes: PIXEL.length });
      for (let n = 1; n <= 12; n++) {
        const { status } = await put(target, link, PIXEL);
        if (status !== 200)
          return judge([[`after ${n - 1} times`, { status, text: "", headers: {}, bytes: PIXEL }]], [409]);
      }
      return succeeded("12 times its size");
    },
    defence: {
      file: PARTS,
      find: "const sentBytesMax = SENT_FACTOR_MAX * upload.sizeBytes;",
      replace: "const sentBytesMax = Number.MAX_SAFE_INTEGER;",
    },
  },
  {
    name: "a link to a part is used after it has expired",
    stage: { isAlone: true },
    async attack(target) {
      const { link } = await open(target.victim, { sizeBytes: PIXEL.length });
      await target.restart({ aheadMs: 13 * 3_600_000 });
      return judge([["13 hours later", await put(target, link, PIXEL)]], [403]);
    },
    defence: {
      file: "apps/server/src/assets/part-links.ts",
      find: "if (Number(expires) * 1000 < clock.nowMs())",
      replace: "if (false)",
    },
  },
  {
    name: "a link to a part is signed by nobody",
    async attack(target) {
      const { link } = await open(target.victim, { sizeBytes: PIXEL.length });
      return judge(
        [["another signature", await put(target, link.replace(/sig=.*/, `sig=${"A".repeat(43)}`), PIXEL)]],
        [403],
      );
    },
    defence: {
      file: "apps/server/src/assets/part-links.ts",
      find: "if (!(await isSignedLink(keys, { words: toWords(uploadId, n, expires), expires, keyId, sig }))) {",
      replace: "if (false) {",
    },
  },
  {
    name: "a page is sent in parts as a picture",
    async attack(target) {
      const page = Buffer.from("<html><script>alert(1)</script></html>");
      const { id, link } = await open(target.victim, { sizeBytes: page.length });
      await put(target, link, page);
      return judge([["complete", await target.victim.call("POST", `/api/v1/uploads/${id}/complete`)]], [415]);
    },
    defence: { file: "apps/server/src/assets/complete-upload.ts", find: "assertUploadable(type);", replace: "" },
  },
  {
    name: "more uploads are begun than anybody needs",
    async attack({ victim }) {
      const answers = [];
      for (let n = 0; n < 14; n++)
        answers.push(await victim.call("POST", "/api/v1/uploads", { name: "a.png", sizeBytes: 1_000 }));
      const count = answers.filter(({ status }) => status === 201).length;
      return count === 14 ? succeeded("14 are open") : refused(`${count} are open, then ${answers.at(-1)?.status}`);
    },
    defence: {
      file: "apps/server/src/assets/open-upload.ts",
      find: "const OPEN_MAX = 10;",
      replace: "const OPEN_MAX = 1_000;",
    },
  },
]);
