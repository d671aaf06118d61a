import * as z from "zod";
import type { RouteMetadata } from "../access.ts";
import { c } from "../contract.ts";
import { readErrors, writeErrors } from "../product/responses.ts";
import {
  adminKey,
  adminKeyPage,
  adminKeyPageQuery,
  adminKeyPatch,
  keyCreate,
  keyPage,
  keyPageQuery,
  keyRotate,
  madeKey,
  rotatedKey,
} from "./key-schemas.ts";

const own: RouteMetadata = { access: "signed", bucket: "requests", scope: "keys", tag: "Platform: keys" };
const admin: RouteMetadata = { access: "admin", bucket: "requests", scope: "admin", tag: "Platform: admin" };
const pathParams = z.object({ id: z.string().min(1).describe("The key's id.") });

/** Keys of the caller's owner. */
export const v1KeyRoutes = c.router({
  create: {
    method: "POST",
    path: "/api/v1/auth/keys",
    summary: "Make a key",
    description:
      "The answer is the only place where its secrets are told. A key never has more scopes, a higher tier or a later end than whoever makes it. At most 100 live keys for each owner (409 `key_limit`). No Idempotency-Key: who misses the answer revokes that key and makes another.",
    body: keyCreate,
    responses: { 201: madeKey, ...writeErrors },
    metadata: own,
  },
  list: {
    method: "GET",
    path: "/api/v1/auth/keys",
    summary: "List the keys of your owner",
    description: "Those that were revoked or have expired too. Keys of the environment are not among them.",
    query: keyPageQuery,
    responses: { 200: keyPage, ...readErrors },
    metadata: own,
  },
  rotate: {
    method: "POST",
    path: "/api/v1/auth/keys/:id/rotate",
    summary: "Replace the secret or the token of a key",
    description:
      "The key and its id stay. What is replaced works as well until the overlap ends; what that one had replaced before does not. 403 for a key that can do more than yours.",
    pathParams,
    body: keyRotate,
    responses: { 200: rotatedKey, ...writeErrors },
    metadata: own,
  },
  revoke: {
    method: "DELETE",
    path: "/api/v1/auth/keys/:id",
    summary: "Revoke a key",
    description:
      "At once and for good, in every process: requests are refused (reads within a second), open streams close at their next heartbeat. Signed links that were handed out before open until they expire.",
    pathParams,
    responses: { 204: c.noBody(), ...writeErrors },
    metadata: own,
  },
});

/** Keys of everybody, for operators. */
export const adminKeyRoutes = {
  keys: {
    method: "GET",
    path: "/api/v1/admin/keys",
    summary: "List the keys of everybody",
    query: adminKeyPageQuery,
    responses: { 200: adminKeyPage, ...readErrors },
    metadata: admin,
  },
  updateKey: {
    method: "PATCH",
    path: "/api/v1/admin/keys/:id",
    summary: "Switch the replay guard of a key",
    pathParams,
    body: adminKeyPatch,
    responses: { 200: adminKey, ...writeErrors },
    metadata: admin,
  },
  revokeKey: {
    method: "DELETE",
    path: "/api/v1/admin/keys/:id",
    summary: "Revoke a key of anybody",
    pathParams,
    responses: { 204: c.noBody(), ...writeErrors },
    metadata: admin,
  },
} as const;
