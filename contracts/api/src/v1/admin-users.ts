import * as z from "zod";
import type { RouteMetadata } from "../access.ts";
import { readErrors, writeErrors } from "../product/responses.ts";
import { adminUser, adminUserCreate, adminUserPage, adminUserPatch, adminUserQuery } from "./auth-schemas.ts";

const metadata: RouteMetadata = { access: "admin", bucket: "requests", scope: "admin", tag: "Platform: admin" };
const pathParams = z.object({ id: z.string().min(1).describe("The user's id.") });

/** What operators do with users. */
export const adminUserRoutes = {
  users: {
    method: "GET",
    path: "/api/v1/admin/users",
    summary: "List users, newest first",
    query: adminUserQuery,
    responses: { 200: adminUserPage, ...readErrors },
    metadata,
  },
  createUser: {
    method: "POST",
    path: "/api/v1/admin/users",
    summary: "Create a user",
    description: "Also where registration is closed.",
    body: adminUserCreate,
    responses: { 201: adminUser, ...writeErrors },
    metadata,
  },
  readUser: {
    method: "GET",
    path: "/api/v1/admin/users/:id",
    summary: "Read a user",
    pathParams,
    responses: { 200: adminUser, ...readErrors },
    metadata,
  },
  updateUser: {
    method: "PATCH",
    path: "/api/v1/admin/users/:id",
    summary: "Change a user",
    description:
      "Fields that are absent stay as they are. A disabled user is out at once: sessions and keys are refused from the next request on. 409 `last_admin` for a change that would leave no admin.",
    pathParams,
    body: adminUserPatch,
    responses: { 200: adminUser, ...writeErrors },
    metadata,
  },
  endSessions: {
    method: "DELETE",
    path: "/api/v1/admin/users/:id/sessions",
    summary: "End all sessions of a user",
    pathParams,
    responses: { 200: z.object({ ended: z.number().describe("How many there were.") }), ...writeErrors },
    metadata,
  },
} as const;
