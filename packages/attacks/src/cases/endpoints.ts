import { inGroup } from "../attack.ts";
import { readJson } from "../target/send.ts";
import { refused, succeeded } from "../verdict.ts";

export const endpointAttacks = inGroup("webhooks", [
  {
    name: "more endpoints are registered than anybody needs",
    async attack({ victim }) {
      const answers = [];
      for (let n = 0; n < 40; n++)
        answers.push(await victim.call("POST", "/api/v1/webhooks", { url: `https://outside.test/${n}` }));
      const count = answers.filter(({ status }) => status === 201).length;
      const { status = 0 } = answers.at(-1) ?? {};
      // The table would not hold them either; whoever is told so by an error of ours has come past what should have said no.
      return status === 409 ? refused(`${count} endpoints, then 409`) : succeeded(`${count} endpoints, then ${status}`);
    },
    defence: {
      file: "apps/server/src/jobs/webhook-store.ts",
      find: "export const ENDPOINTS_MAX = ",
      replace: "export const ENDPOINTS_MAX = 100 + ",
    },
  },
  {
    name: "the secret of an endpoint is told once more",
    async attack({ victim }) {
      const { id, secret } = readJson(
        await victim.call("POST", "/api/v1/webhooks", { url: "https://outside.test/told" }),
      );
      const answers = [
        await victim.call("GET", `/api/v1/webhooks/${id}`),
        await victim.call("GET", "/api/v1/webhooks"),
        await victim.call("PATCH", `/api/v1/webhooks/${id}`, { description: "x" }),
      ];
      const isTold = answers.some(({ text }) => text.includes(String(secret)) || /secret/i.test(text));
      return isTold ? succeeded("the secret was told") : refused("told when it is made, and never again");
    },
    // It is not among what is presented, and the contract would take it out.
    defence: [
      {
        file: "apps/server/src/http/routes/v1/present-webhook.ts",
        find: "...{ id, url, events: [...events], isEnabled },",
        replace: '...{ id, url, events: [...events], isEnabled, secret: "the secret" },',
      },
      { file: "apps/server/src/http/app.ts", find: "responseValidation: true,", replace: "responseValidation: false," },
    ],
  },
]);
