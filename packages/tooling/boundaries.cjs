// Who may import whom. The picture is in docs/architecture.md; these rules hold it, type imports included.
// Read by src/boundaries.ts (`npm test`) and by `npm run boundaries`.

/** What may import more than its workspace's own rule: tests and the files that build or generate. */
const TEST = "(\\.test(-d)?\\.ts$|/(test|conformance)/)";

/** Each workspace, what its source may import of ours, and what its tests may import besides. */
const workspaces = [
  { path: "contracts/api", may: [] },
  { path: "contracts/comfyui", may: [] },
  { path: "workflows", may: ["contracts/"] },
  { path: "packages/signing", may: [] },
  { path: "packages/comfyui", may: ["contracts/comfyui/"], tests: ["packages/comfyui-emulator/"] },
  // An independent witness: were it to use our ComfyUI client, both could be wrong in the same way.
  { path: "packages/comfyui-emulator", may: ["contracts/comfyui/"] },
  { path: "packages/client", may: ["contracts/api/", "packages/signing/"] },
  {
    path: "apps/server",
    may: ["contracts/", "workflows/", "packages/signing/", "packages/comfyui/"],
    tests: ["packages/comfyui-emulator/", "packages/client/"],
  },
  { path: "apps/(?!server/)[^/]+", may: ["packages/client/"] },
  // Starts everybody as a process of its own; like any customer it knows the SDK and nothing else.
  { path: "packages/chaos", may: ["packages/client/", "packages/signing/"] },
  // Starts the service as a process of its own and calls it by hand: what is measured is the service, not the SDK.
  { path: "packages/bench", may: ["packages/client/", "packages/signing/", "contracts/comfyui/"] },
  // Starts the service as a process of its own, before an emulator that obeys the attacker; asks as a stranger does, without the SDK.
  { path: "packages/attacks", may: ["packages/signing/", "packages/comfyui-emulator/"] },
  // Starts the service as a process of its own, before emulators; what it asks is read from the service's own document.
  { path: "packages/fuzz", may: ["packages/signing/", "packages/comfyui-emulator/"] },
  { path: "packages/tooling", may: [] },
];

const workspaceRules = workspaces.flatMap(({ path, may, tests = [] }) => {
  const own = [`^${path}/`, "^packages/tooling/vitest\\."];
  const ours = "^(contracts|workflows|packages|apps)/(?!.*node_modules)";
  const toPaths = (names) => names.map((name) => `^${name}`);
  const comment = `${path} may import of ours: ${may.join(", ") || "nothing"}.`;
  return [
    {
      name: "workspaces",
      severity: "error",
      comment,
      from: { path: `^${path}/`, pathNot: TEST },
      to: { path: ours, pathNot: [...own, ...toPaths(may)] },
    },
    {
      name: "workspaces-of-tests",
      severity: "error",
      comment: `${comment} Its tests also: ${tests.join(", ") || "nothing"}.`,
      from: { path: `^${path}/.*${TEST}` },
      to: { path: ours, pathNot: [...own, ...toPaths([...may, ...tests])] },
    },
  ];
});

/** A file or a folder of the server's source, by name. */
const server = (names) => `^apps/server/src/(${names})(\\.ts$|/)`;
const doors = "http|worker|adapters";
const verbs = "jobs|library|health";
const matters = "generation|assets|access";
const ground = "errors|log|clock";

const floor = (name, comment, from, to) => ({
  name,
  severity: "error",
  comment,
  from: { path: from, pathNot: TEST },
  to: { path: to },
});

const floorRules = [
  floor(
    "server-top",
    "Nobody but main imports compose, nobody imports main.",
    "^apps/server/src/(?!(main|compose)(\\.ts$|/))",
    server("main|compose"),
  ),
  floor(
    "server-config",
    "Only main and compose read the configuration.",
    "^apps/server/src/(?!(main|compose|config)(\\.|/))",
    server("config"),
  ),
  floor(
    "server-doors",
    "A door reaches an adapter only through a port that compose filled.",
    server("http"),
    server("worker|adapters"),
  ),
  floor(
    "server-doors",
    "A door reaches an adapter only through a port that compose filled.",
    server("worker"),
    server("http|adapters"),
  ),
  floor(
    "server-adapters",
    "An adapter knows its port and its foreigner, no door.",
    server("adapters"),
    server("http|worker"),
  ),
  floor("server-verbs", "jobs, library and health know no door and no adapter.", server(verbs), server(doors)),
  floor(
    "server-matters",
    "generation, assets and access know nothing above them.",
    server(matters),
    server(`${doors}|${verbs}`),
  ),
  floor(
    "server-ground",
    "errors, log and clock know nobody.",
    server(ground),
    `^apps/server/src/(?!(${ground})(\\.ts$|/))`,
  ),
  {
    name: "server-rooms",
    severity: "error",
    comment: "One room per foreigner: an adapter never imports another adapter.",
    from: { path: "^apps/server/src/adapters/([^/]+)/", pathNot: TEST },
    to: { path: "^apps/server/src/adapters/[^/]+/", pathNot: "^apps/server/src/adapters/$1/" },
  },
];

module.exports = {
  forbidden: [
    ...workspaceRules,
    ...floorRules,
    {
      name: "sdk-without-contract",
      severity: "error",
      comment:
        "What the SDK needs of the contract is generated: its source imports none of it, so that no zod is published.",
      from: { path: "^packages/client/src/", pathNot: TEST },
      to: { path: "^contracts/" },
    },
    {
      name: "no-circles",
      severity: "error",
      comment: "Two files that need each other are one file, or lack a third.",
      from: {},
      to: { circular: true },
    },
    {
      name: "resolvable",
      severity: "error",
      comment: "What is imported must exist and be a dependency of the workspace.",
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.base.json" },
    doNotFollow: { path: "node_modules" },
    exclude: { path: "(^|/)(dist|fixtures|coverage|\\.turbo|\\.next|out)/" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["@comfy/source", "import", "node", "default", "types"],
    },
    builtInModules: { add: ["node:sqlite", "node:test"] },
  },
};
