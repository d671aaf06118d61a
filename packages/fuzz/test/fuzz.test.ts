import { expect, it } from "vitest";
import { fuzz } from "../src/fuzz.ts";

it("finds nothing in a few hundred requests to the service", { timeout: 180_000 }, async () => {
  const { requests, admittedShare, findings } = await fuzz(
    { requestCount: 300, seed: 1, concurrency: 8 },
    { signal: new AbortController().signal },
  );
  expect(findings).toEqual([]);
  expect(requests).toBeGreaterThan(290);
  expect(admittedShare).toBeGreaterThan(0.6);
});
