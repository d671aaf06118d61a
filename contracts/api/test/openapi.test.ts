import { readFile } from "node:fs/promises";
import { createOpenApiDocument, listRoutes, metadataOf } from "@comfy/contracts/openapi";
import { Validator } from "@seriousme/openapi-schema-validator";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { accessWords, errorStatus, kindInputs, kinds, productContract, v1Contract } from "../src/index.ts";

const document = createOpenApiDocument({ version: "1.0.0" });
const operations = Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
  [item.get, item.post, item.patch, item.delete].flatMap((operation) => (operation ? [{ path, operation }] : [])),
);
const contractRoutes = listRoutes({ ...productContract, v1: v1Contract });
const operationAt = (path: string) => operations.find((entry) => entry.path === path)?.operation;

describe("the OpenAPI document", () => {
  it("is valid OpenAPI 3.1", async () => {
    const outcome = await new Validator().validate(JSON.parse(JSON.stringify(document)));
    expect(outcome.errors).toBeUndefined();
    expect(outcome.valid).toBe(true);
  });

  it("is the one in docs/api, so that what people read is what the service does", async () => {
    const file = new URL("../../../docs/api/openapi.json", import.meta.url);
    expect(JSON.parse(await readFile(file, "utf8")), "run `npm run generate` and commit docs/api/openapi.json").toEqual(
      JSON.parse(JSON.stringify(document)),
    );
  });

  it("refers to nothing that it does not hold", () => {
    const text = JSON.stringify(document);
    const references = [...text.matchAll(/"#\/components\/(\w+)\/([^"]+)"/g)];
    expect(references.length).toBeGreaterThan(50);
    const components: Record<string, Record<string, unknown>> = JSON.parse(JSON.stringify(document.components));
    for (const [, group = "", name = ""] of references)
      expect(components[group], `${group}/${name}`).toHaveProperty(name);
  });

  it.each(kinds)("documents %s and its queued form with the same input, plus callbackUrl", (kind) => {
    const schemas = document.components?.schemas ?? {};
    const nameOf = (path: string) => {
      const body = JSON.stringify(operationAt(path)?.requestBody);
      return /#\/components\/schemas\/(\w+)/.exec(body)?.[1] ?? "";
    };
    const fields = Object.keys(kindInputs[kind].shape);
    const propertiesOf = (name: string) => Object.keys(Object(schemas[name]).properties ?? {});
    expect(propertiesOf(nameOf(`/${kind}`))).toEqual(fields);
    expect(propertiesOf(nameOf(`/${kind}/async`))).toEqual([...fields, "callbackUrl"]);
    expect(operationAt(`/${kind}/async`)?.callbacks).toHaveProperty("jobEnded");
    expect(operationAt(`/${kind}/async`)?.responses).toHaveProperty("202");
  });

  it("offers Idempotency-Key on every POST, but for those whose answer is a secret that is told once or is theirs to repeat", () => {
    const posts = Object.values(document.paths ?? {}).flatMap(({ post }) => post ?? []);
    const without = ["Platform: auth", "Platform: keys"];
    const asked = posts.filter(
      ({ tags, operationId }) => !without.includes(tags?.[0] ?? "") && operationId !== "v1AdminCreateUser",
    );
    expect(asked.length).toBeGreaterThan(8);
    for (const post of asked) {
      expect(post.parameters, post.operationId).toContainEqual(
        expect.objectContaining({ in: "header", name: "Idempotency-Key", required: false }),
      );
    }
  });

  it("shows an example of every error a route can answer", () => {
    for (const { operation } of operations) {
      for (const [status, response] of Object.entries(operation.responses ?? {})) {
        if (Number(status) < 400 || operation.operationId === "serviceHealth") continue;
        const { example } = response.content["application/json"];
        expect(example, `${operation.operationId} ${status}`).toBeDefined();
        expect(errorStatus[example.code as keyof typeof errorStatus]).toBe(Number(status));
      }
    }
  });

  it("names every status that a signed link may be answered with", () => {
    const links = contractRoutes.filter((listed) => metadataOf(listed).access === "link");
    expect(links.length).toBeGreaterThan(2);
    for (const { name, route } of links)
      expect(Object.keys(route.responses), name).toEqual(
        expect.arrayContaining(["400", "403", "404", "429", "500", "503"]),
      );
  });

  it("asks for something in every part of a path: an empty one would be another path", () => {
    const parameters = Object.values(document.paths ?? {}).flatMap((item) =>
      [item.get, item.post, item.put, item.patch, item.delete].flatMap((operation) => operation?.parameters ?? []),
    );
    const inPaths = parameters.filter((parameter) => Object(parameter).in === "path");
    expect(inPaths.length).toBeGreaterThan(20);
    for (const parameter of inPaths) expect(parameter).toHaveProperty("schema.minLength", 1);
  });

  it("shows only examples that the contract itself would accept", () => {
    let count = 0;
    for (const { name, route } of contractRoutes) {
      const responses = operations.find(({ operation }) => operation.operationId === name)?.operation.responses ?? {};
      for (const [status, response] of Object.entries(responses)) {
        const example = response.content?.["application/json"]?.example;
        const schema = route.responses[Number(status)];
        if (example === undefined || !(schema instanceof z.ZodType)) continue;
        expect(schema.safeParse(example).error, `${name} ${status}`).toBeUndefined();
        count++;
      }
    }
    expect(count).toBeGreaterThan(50);
  });

  it("tells nobody that an answer has no further fields", () => {
    const schemas: Record<string, unknown> = JSON.parse(JSON.stringify(document.components?.schemas));
    expect(schemas.Job).toBeDefined();
    const seen = new Set<string>();
    const look = (part: unknown): void => {
      const text = JSON.stringify(part ?? null);
      expect(text).not.toContain('"additionalProperties":false');
      for (const [, name = ""] of text.matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
        if (seen.has(name)) continue;
        seen.add(name);
        look(schemas[name]);
      }
    };
    for (const { operation } of operations) look(operation.responses);
    expect(seen).toContain("V1Job");
  });

  it("says that the platform surface takes no fields it does not name", () => {
    const schemas: Record<string, unknown> = JSON.parse(JSON.stringify(document.components?.schemas));
    expect(schemas.PortraitInput).not.toHaveProperty("additionalProperties");
    expect(schemas.PortraitWorkflowInput).toHaveProperty("additionalProperties", false);
  });

  it("shows how jobs are searched by metadata", () => {
    const { parameters } = document.paths?.["/api/v1/jobs"]?.get ?? {};
    expect(parameters).toContainEqual(
      expect.objectContaining({ name: "metadata", in: "query", style: "deepObject", explode: true }),
    );
  });
});

describe("the routes", () => {
  const routes = contractRoutes;

  it.each(routes.map((listed) => [listed.name, listed] as const))("%s says who may call it", (_, listed) => {
    expect(accessWords).toContain(metadataOf(listed).access);
  });

  it("are refused by the generator when they do not say so", () => {
    const [listed] = routes;
    if (!listed) throw new Error("The contract has no routes.");
    const { metadata: _, ...route } = listed.route;
    expect(() => metadataOf({ name: "forgotten", route })).toThrow("The route forgotten lacks metadata");
    const odd = { name: "odd", route: { ...listed.route, metadata: { access: "anyone", bucket: "none", tag: "X" } } };
    expect(() => metadataOf(odd)).toThrow("The route odd lacks metadata");
  });

  it("are open to everyone only where the wire says so", () => {
    const open = routes.filter((listed) => metadataOf(listed).access === "public").map(({ route }) => route.path);
    const people = ["register", "login", "refresh", "logout"].map((name) => `/api/v1/auth/${name}`);
    expect(open).toEqual(["/health", "/ping", ...people]);
  });
});
