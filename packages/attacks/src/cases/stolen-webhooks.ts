import { inGroup } from "../attack.ts";
import { readJson } from "../target/send.ts";
import type { Target } from "../target/target.ts";
import { judge, refused, succeeded, type Try } from "../verdict.ts";
import { endpoint } from "./requests.ts";

/** Every way to an endpoint goes past here. */
const ownEndpoint = {
  file: "apps/server/src/adapters/database/webhook-endpoints.ts",
  find: "toStatement(sql`e.id = ${id}::uuid and e.owner_id = ${toText(ownerId)}`)",
  replace: "toStatement(sql`e.id = ${id}::uuid`)",
};

async function register({ call }: Target["victim"], url = endpoint.url): Promise<string> {
  const { id } = readJson(await call("POST", "/api/v1/webhooks", { url }));
  if (typeof id !== "string") throw new Error("No endpoint was registered.");
  return id;
}

const onEndpoint =
  (ask: (path: string, thief: Target["thief"]) => Promise<readonly Try[]>) =>
  async ({ victim, thief }: Target) =>
    judge(await ask(`/api/v1/webhooks/${await register(victim)}`, thief), [404]);

export const stolenWebhookAttacks = inGroup("ownership", [
  {
    name: "somebody else's endpoint is read",
    attack: onEndpoint(async (path, { call }) => [["endpoint", await call("GET", path)]]),
    defence: ownEndpoint,
  },
  {
    name: "somebody else's endpoint is sent elsewhere",
    attack: onEndpoint(async (path, { call }) => [
      ["PATCH", await call("PATCH", path, { url: "https://elsewhere.test/mine" })],
    ]),
    defence: ownEndpoint,
  },
  {
    name: "somebody else's endpoint is deleted",
    attack: onEndpoint(async (path, { call }) => [["DELETE", await call("DELETE", path)]]),
    defence: ownEndpoint,
  },
  {
    name: "the secret of somebody else's endpoint is replaced, and told",
    attack: onEndpoint(async (path, { call }) => [["rotate", await call("POST", `${path}/rotate-secret`)]]),
    defence: ownEndpoint,
  },
  {
    name: "a list of endpoints holds those of others",
    async attack({ victim, thief }) {
      const id = await register(victim);
      const { status, text } = await thief.call("GET", "/api/v1/webhooks");
      if (status !== 200) throw new Error(`The list was not given: ${status} ${text}`);
      return text.includes(id) ? succeeded(`the list holds ${id}`) : refused("the list holds nobody else's");
    },
    defence: {
      file: ownEndpoint.file,
      find: "where e.owner_id = ${toText(ownerId)} order by e.id`",
      replace: "order by e.id`",
    },
  },
  {
    name: "deliveries of somebody else's job are read",
    async attack({ victim, thief }) {
      const jobId = await victim.queueImage();
      return judge([["deliveries", await thief.call("GET", `/api/v1/jobs/${jobId}/deliveries`)]], [404]);
    },
    defence: {
      file: "apps/server/src/jobs/webhook-deliveries.ts",
      find: "if (job?.ownerId !== of.ownerId)",
      replace: "if (job === undefined)",
    },
  },
  {
    name: "somebody else's delivery is sent once more, through an endpoint of one's own",
    async attack({ victim, thief, outside }) {
      const path = `/victim/${victim.key}`;
      const own = await register(victim, outside.origin + path);
      const { id } = readJson(await victim.call("POST", `/api/v1/webhooks/${own}/test`));
      const mine = await register(thief);
      return judge([["replay", await thief.call("POST", `/api/v1/webhooks/${mine}/deliveries/${id}/replay`)]], [404]);
    },
    // Asked for where the delivery is looked for, and again where its endpoint is.
    defence: [
      {
        file: "apps/server/src/adapters/database/delivery-log.ts",
        find: "return sql`${whose} and o.owner_id = ${toText(of.ownerId)}`;",
        replace: "return sql`(${whose} or true)`;",
      },
      {
        file: "apps/server/src/jobs/webhook-deliveries.ts",
        find: "if (endpointId !== undefined) await assertEnabled({ ownerId: of.ownerId, id: endpointId });",
        replace: "",
      },
    ],
  },
]);
