import { inGroup } from "../attack.ts";
import type { Target } from "../target/target.ts";
import { refused, succeeded } from "../verdict.ts";
import { picture } from "./requests.ts";

const REQUESTS = 10;
/** A request costs a few milliseconds; one that keeps the service from everybody else costs a hundred. */
const COST_MS_MAX = 70;

/** What a request costs the service, of several. */
const costing = (ask: (target: Target) => Promise<unknown>) => async (target: Target) => {
  // What is done for the first time is compiled first.
  await ask(target);
  const before = await target.readCpuMs();
  for (let n = 0; n < REQUESTS; n++) await ask(target);
  const costMs = Math.round((await target.readCpuMs()) - before) / REQUESTS;
  return costMs > COST_MS_MAX ? succeeded(`${costMs} ms of processor time each`) : refused(`${costMs} ms each`);
};

/** Requests that make patterns go back and forth: one after the other they stop a service. */
export const loadAttacks = inGroup("parsing", [
  {
    name: "the type of a body holds thousands of spaces",
    stage: { isAlone: true },
    attack: costing(({ victim }) =>
      victim.call("POST", "/image/async", picture, { "content-type": `application/json${" ".repeat(12_000)}x` }),
    ),
    defence: {
      file: "apps/server/src/http/middleware/parsed-body.ts",
      find: 'const [type = "", ...parameters] = given.replaceAll(/\\s/g, "").split(";");',
      replace:
        '/^application\\/json\\s*(?:;\\s*charset\\s*=\\s*"?utf-?8"?\\s*)?;?\\s*$/i.test(given);\n  const [type = "", ...parameters] = given.split(";");',
    },
  },
  {
    name: "a path looks like thousands of addresses to what cleans the log",
    stage: { isAlone: true },
    attack: costing(({ send, ip }) =>
      send({ method: "GET", path: `/${"a.".repeat(6_500)}://b`, headers: { "x-forwarded-for": ip } }),
    ),
    defence: {
      file: "apps/server/src/adapters/pino/redact.ts",
      find: "[a-z0-9+.-]{0,20}:",
      replace: "[a-z0-9+.-]*:",
    },
  },
]);
