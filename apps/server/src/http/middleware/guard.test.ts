import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { initContract } from "@ts-rest/core";
import { createExpressEndpoints, initServer } from "@ts-rest/express";
import express from "express";
import { expect, it, onTestFinished } from "vitest";
import * as z from "zod";
import type { IpGuard } from "../../access/ip-guard.ts";
import { systemClock } from "../../clock.ts";
import { AppError } from "../../errors.ts";
import { silentLog } from "../../log.ts";
import { createErrorHandler } from "../error-handler.ts";
import { createArrival } from "./arrival.ts";
import { createGuard } from "./guard.ts";
import { createReplays } from "./replays.ts";

const refuse = async () => {
  throw new AppError("invalid_api_key", "Invalid API key");
};

/** A route whose contract says what a test wants, behind the real guard. */
async function serve(
  metadata: unknown,
  ipGuard: IpGuard = { async recordFailure() {}, async assertWelcome() {} },
): Promise<{ url: string; calls: () => number }> {
  let calls = 0;
  const c = initContract();
  const contract = c.router({
    route: { method: "GET", path: "/route", responses: { 200: z.object({ ok: z.boolean() }) }, metadata },
  });
  const router = initServer().router(contract, {
    route: async () => {
      calls++;
      return { status: 200, body: { ok: true } };
    },
  });
  const deps = {
    clock: systemClock,
    log: silentLog,
    draining: new AbortController().signal,
    ipGuard,
    replays: createReplays({ ipGuard }),
    authenticate: { byProof: refuse, byStream: refuse, byKey: refuse, assertKnown: refuse, isStillWelcome: refuse },
    limitRequest: async () => undefined,
    spendSignature: async () => true,
    streamTickets: { issue: refuse, redeem: refuse },
    flags: { isAsyncEnabled: true, uploadSizeBytesMax: 1, corsOrigins: [], proxyHops: 0 },
  };
  const app = express();
  app.use(createArrival(deps));
  createExpressEndpoints(contract, router, app, { globalMiddleware: [createGuard(deps)] });
  app.use(createErrorHandler(deps));
  const server = createServer(app).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  onTestFinished(async () => {
    await new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/route`, calls: () => calls };
}

it.each([
  ["no metadata", undefined],
  ["no access word", { bucket: "none", tag: "X" }],
  ["an unknown access word", { access: "anyone", bucket: "none", tag: "X" }],
  ["a word that every object has", { access: "constructor", bucket: "none", tag: "X" }],
])("refuses everybody on a route with %s", async (_, metadata) => {
  const { url, calls } = await serve(metadata);
  const response = await fetch(url);
  expect(response.status).toBe(403);
  expect(await response.json()).toMatchObject({ code: "access_denied" });
  expect(calls()).toBe(0);
});

it("lets everybody in where the word is public", async () => {
  const { url, calls } = await serve({ access: "public", bucket: "none", tag: "X" });
  expect((await fetch(url)).status).toBe(200);
  expect(calls()).toBe(1);
});

it.each(["signed", "key"])("asks who is calling where the word is %s", async (access) => {
  const { url, calls } = await serve({ access, bucket: "none", tag: "X" });
  expect((await fetch(url)).status).toBe(401);
  expect(calls()).toBe(0);
});

it("asks whether an address is welcome before a public route that costs something, and before no other", async () => {
  const asked: unknown[] = [];
  const ipGuard: IpGuard = {
    async recordFailure() {},
    async assertWelcome(...args) {
      asked.push(args);
      throw new AppError("rate_limited", "Too many requests from this address.");
    },
  };
  const guarded = await serve({ access: "public", bucket: "auth", tag: "X" }, ipGuard);
  expect((await fetch(guarded.url)).status).toBe(429);
  expect(guarded.calls()).toBe(0);
  const open = await serve({ access: "public", bucket: "none", tag: "X" }, ipGuard);
  expect((await fetch(open.url)).status).toBe(200);
  expect(asked).toEqual([["127.0.0.1", "auth"]]);
});
