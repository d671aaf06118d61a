import { availableParallelism } from "node:os";

/**
 * The test preset of every workspace: tests run on source (no build first), so coverage and stack traces show real lines.
 * @param {string} name
 * @param {Record<string, unknown>} [test] further vitest options of this project
 */
export function project(name, test = {}) {
  return {
    resolve: { conditions: ["@comfy/source"] },
    // Without "import": vitest hands these to Node, where `require` would then load the ES half of packages that have both.
    ssr: { resolve: { conditions: ["@comfy/source", "node"] } },
    test: {
      name,
      environment: "node",
      include: ["{src,test,conformance}/**/*.test.ts"],
      testTimeout: 20_000,
      hookTimeout: 30_000,
      // Vitest leaves one core to itself, which on two cores is half of them; most tests here wait more than they compute.
      maxWorkers: Math.max(2, availableParallelism() - 1),
      ...test,
    },
  };
}
