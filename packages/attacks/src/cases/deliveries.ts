import { setTimeout as sleep } from "node:timers/promises";
import { verifyWebhook } from "@comfy/signing";
import { inGroup } from "../attack.ts";
import { PIXEL } from "../target/multipart.ts";
import { readJson } from "../target/send.ts";
import type { Target } from "../target/target.ts";
import { judge, refused, succeeded } from "../verdict.ts";

const AGENT = "apps/server/src/adapters/fetch/guarded-agent.ts";
const SENDER = "apps/server/src/adapters/fetch/callback-sender.ts";
const FILES = "apps/server/src/adapters/fetch/remote-files.ts";
const LOOKED_UP = "if (!addresses.every(isAddressAllowed)) throw refused();";

/** Waits for something that shows from outside, and says whether it came. */
async function comes(look: () => boolean, withinMs = 8_000): Promise<boolean> {
  for (const endMs = performance.now() + withinMs; performance.now() < endMs; await sleep(50)) if (look()) return true;
  return look();
}

/** Lets the service deliver to an address; then looks whether anybody on the inside was called. */
async function callInside({ victim, outside }: Target, host: string) {
  const before = outside.insideCount();
  const jobId = await victim.queueImage({ callbackUrl: `https://${host}:${outside.insidePort}/` });
  await victim.settle(jobId);
  const hasTried = async () => /"tries":\[\{/.test((await victim.call("GET", `/api/v1/jobs/${jobId}/deliveries`)).text);
  for (let round = 0; round < 100 && !(await hasTried()); round++) await sleep(100);
  const count = outside.insideCount() - before;
  return count > 0 ? succeeded(`${count} connections to the inside`) : refused("nobody on the inside was called");
}

/** The failure of a lip-sync whose face is at this address. */
async function speak({ victim }: Target, url: string): Promise<string> {
  const face = { portrait_image: url, audio: url };
  const { jobId } = readJson(await victim.call("POST", "/lipsync/async", face));
  return JSON.stringify(await victim.settle(String(jobId)));
}

export const deliveryAttacks = inGroup("outgoing", [
  {
    name: "a name leads to the inside when it is dialled",
    stage: { isAlone: true },
    attack: (target) => callInside(target, "rebinding.test"),
    defence: { file: AGENT, find: LOOKED_UP, replace: "" },
  },
  {
    name: "a name leads to the inside with one of its addresses",
    stage: { isAlone: true },
    attack: (target) => callInside(target, "mixed.test"),
    defence: { file: AGENT, find: LOOKED_UP, replace: "if (!addresses.some(isAddressAllowed)) throw refused();" },
  },
  {
    name: "a receiver sends a delivery on to another address",
    async attack({ victim, outside }) {
      const [from, to] = [`/moved/${victim.key}`, `/stolen/${victim.key}`];
      outside.handle(
        from,
        (_req, res) => void res.writeHead(307, { location: `https://elsewhere.test:${outside.port}${to}` }).end(),
      );
      await victim.settle(await victim.queueImage({ callbackUrl: outside.origin + from }));
      if (!(await comes(() => outside.visits(from).length > 0))) throw new Error("Nothing was delivered.");
      return (await comes(() => outside.visits(to).length > 0, 1_500))
        ? succeeded("the redirect was followed")
        : refused("307 is an answer like any other");
    },
    // Redirects are not followed; this is what it would be like.
    defence: {
      file: SENDER,
      find: 'const retryAfter = answered["retry-after"];',
      replace:
        'if (answered.location) { const next = new URL(String(answered.location)); await agent.request({ origin: next.origin, path: next.pathname, method: "POST", headers, body }); }\n        const retryAfter = answered["retry-after"];',
    },
  },
  {
    name: "a delivery cannot be told from a forged one",
    async attack({ victim, outside }) {
      const path = `/signed/${victim.key}`;
      const made = readJson(await victim.call("POST", "/api/v1/webhooks", { url: outside.origin + path }));
      await victim.call("POST", `/api/v1/webhooks/${made.id}/test`);
      if (!(await comes(() => outside.visits(path).length > 0))) throw new Error("Nothing was delivered.");
      const [visit] = outside.visits(path);
      const headers = Object.fromEntries(
        Object.entries(visit?.headers ?? {}).map(([name, value]) => [name, String(value)]),
      );
      const outcome = await verifyWebhook({ headers, body: visit?.body ?? "", secret: String(made.secret) });
      return outcome.ok ? refused("signed with the secret of its endpoint") : succeeded(JSON.stringify(outcome));
    },
    defence: {
      file: "apps/server/src/jobs/deliver-webhooks.ts",
      find: 'headers: { "content-type": "application/json", ...signature }',
      replace: 'headers: { "content-type": "application/json" }',
    },
  },
  {
    name: "a file at an address redirects to plain http",
    async attack(target) {
      const { outside, victim } = target;
      const [from, to] = [`/face/${victim.key}`, `/plain/${victim.key}`];
      outside.handle(from, (_req, res) => void res.writeHead(302, { location: outside.plainOrigin + to }).end());
      outside.handle(to, (_req, res) => void res.writeHead(200).end(PIXEL));
      const outcome = await speak(target, outside.origin + from);
      return outside.visits(to).length > 0 ? succeeded("fetched without encryption") : refused(outcome);
    },
    defence: {
      file: FILES,
      find: "url = parseOutgoingUrl(new URL(location, url).href, policy);",
      replace: "url = new URL(location, url);",
    },
  },
  {
    name: "a file at an address redirects to the inside",
    stage: { isAlone: true },
    async attack(target) {
      const { outside, victim } = target;
      const [from, before] = [`/face/${victim.key}`, outside.insideCount()];
      outside.handle(
        from,
        (_req, res) => void res.writeHead(302, { location: `https://127.0.0.1:${outside.insidePort}/` }).end(),
      );
      const outcome = await speak(target, outside.origin + from);
      return outside.insideCount() > before ? succeeded("the inside was called") : refused(outcome);
    },
    // Looked at when the address is read, and again before the dial.
    defence: [
      {
        file: FILES,
        find: "url = parseOutgoingUrl(new URL(location, url).href, policy);",
        replace: "url = new URL(location, url);",
      },
      {
        file: AGENT,
        find: "if (isIP(host) !== 0 && !policy.isAddressAllowed(host)) return callback(refused(), null);",
        replace: "",
      },
    ],
  },
  {
    name: "a file at an address redirects for ever",
    async attack(target) {
      const { outside, victim } = target;
      const path = `/round/${victim.key}`;
      outside.handle(path, (req, res) => {
        const count = Number(req.url?.split("/").at(-1)) || 0;
        if (count < 12) res.writeHead(302, { location: `${path}/${count + 1}` }).end();
        else res.writeHead(404).end();
      });
      const outcome = await speak(target, `${outside.origin}${path}/0`);
      const count = outside.visits(path).length;
      return count > 10 ? succeeded(`${count} hops`) : refused(`${count} hops: ${outcome}`);
    },
    defence: { file: FILES, find: "if (hop === REDIRECTS_MAX) throw", replace: "if (false) throw" },
  },
  {
    name: "a file at an address is a page",
    async attack(target) {
      const { outside, victim } = target;
      const path = `/page/${victim.key}`;
      outside.handle(
        path,
        (_req, res) => void res.writeHead(200, { "content-type": "image/png" }).end("<html><script>1</script></html>"),
      );
      const outcome = await speak(target, outside.origin + path);
      return outcome.includes("media_unusable") ? refused(outcome) : succeeded(outcome);
    },
    defence: {
      file: "apps/server/src/assets/pin-url.ts",
      find: "if (isInFamily(type, accepts)) return;",
      replace: "return;",
    },
  },
  {
    name: "a file at an address never ends",
    stage: { environment: { MAX_UPLOAD_SIZE: "100000" } },
    async attack(target) {
      const { outside, victim } = target;
      const path = `/endless/${victim.key}`;
      outside.handle(path, (_req, res) => {
        res.writeHead(200);
        res.write(PIXEL);
        for (let n = 0; n < 40; n++) res.write(Buffer.alloc(10_000));
        res.end();
      });
      const outcome = await speak(target, outside.origin + path);
      return outcome.includes("payload_too_large") ? refused(outcome) : succeeded(outcome);
    },
    // Counted when it is read, and again when it is stored.
    defence: [
      { file: FILES, find: "if (sizeBytes > sizeBytesMax) throw tooLarge(sizeBytesMax);", replace: "" },
      {
        file: "apps/server/src/adapters/disk/intake.ts",
        find: "if (sizeBytes > sizeBytesMax) {",
        replace: "if (false) {",
      },
    ],
  },
  {
    name: "an address of the service itself is given as an input",
    async attack({ victim, origin }) {
      const ask = (path: string) =>
        victim.call("POST", "/lipsync/async", {
          portrait_image: `${origin}${path}`,
          audio: "https://outside.test/voice.wav",
        });
      return judge(
        [
          ["health", await ask("/health")],
          ["backends", await ask("/api/v1/admin/backends")],
        ],
        [400],
      );
    },
    // Also behind that nothing private is reached; but the service may be at a public address.
    defence: {
      file: "apps/server/src/assets/resolve-reference.ts",
      find: "if (ownPath === undefined) {",
      replace: 'if (!ownPath?.startsWith("/outputs/")) { return { type: "url", url: url.href };',
    },
  },
]);
