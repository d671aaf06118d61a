import { kinds, productContract } from "@comfy/contracts";

const { jobs, outputs, service } = productContract;

/** Paths the SDK calls beside the kinds, by the name it calls them. */
const PATHS = {
  job: jobs.read.path,
  events: jobs.events.path,
  cancel: jobs.cancel.path,
  upload: outputs.upload.path,
  health: service.health.path,
} as const;

/** The text of `src/generated/routes.ts`: where each kind is asked for, and nothing the SDK does not use. */
export function printRoutes(banner: string): string {
  const rows = kinds.map((kind) => {
    const { create, createAsync } = productContract[kind];
    if (create.method !== "POST" || createAsync.method !== "POST")
      throw new Error(`The kind "${kind}" is not asked for with POST.`);
    return `  ${kind}: { method: "POST", path: ${JSON.stringify(create.path)}, asyncPath: ${JSON.stringify(createAsync.path)} },\n`;
  });
  const paths = Object.entries(PATHS).map(([name, path]) => `  ${name}: ${JSON.stringify(path)},\n`);
  return [
    banner,
    `/** Where each kind is asked for. */\nexport const routes = {\n${rows.join("")}} as const;\n`,
    `/** Everything else the SDK calls; \`:kind\` and \`:id\` are replaced, encoded. */\nexport const paths = {\n${paths.join("")}} as const;\n`,
  ].join("\n");
}
