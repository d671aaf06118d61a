import * as z from "zod";
import type { RouteMetadata } from "../access.ts";
import { c } from "../contract.ts";
import { errorBody } from "../errors.ts";
import { writeHeaders } from "../headers.ts";
import { readErrors, writeErrors } from "../product/responses.ts";
import { assetPageQuery, assetSign, signedLink, v1AssetDetails, v1AssetPage } from "./asset-schemas.ts";

const tag = "Platform: assets";
const read: RouteMetadata = { access: "signed", bucket: "requests", scope: "read", tag };
const write: RouteMetadata = { access: "signed", bucket: "requests", scope: "upload", tag };
const pathParams = z.object({ id: z.string().min(1).describe("The asset's id.") });
const content = c.otherResponse({ contentType: "application/octet-stream", body: z.unknown() });

export const v1AssetRoutes = c.router({
  list: {
    method: "GET",
    path: "/api/v1/assets",
    summary: "List files, newest first",
    description: "Uploads, files fetched from addresses, and outputs of jobs.",
    query: assetPageQuery,
    responses: { 200: v1AssetPage, ...readErrors },
    metadata: read,
  },
  read: {
    method: "GET",
    path: "/api/v1/assets/:id",
    summary: "Read what is known about a file",
    description: "For an output also how it was made. Files of other owners and unknown ids are 404.",
    pathParams,
    responses: { 200: v1AssetDetails, ...readErrors },
    metadata: read,
  },
  content: {
    method: "GET",
    path: "/api/v1/assets/:id/content",
    summary: "Download a file",
    description: "Supports ranges, `If-None-Match` and HEAD.",
    pathParams,
    responses: { 200: content, 206: content, ...readErrors, 416: errorBody, 502: errorBody },
    metadata: read,
  },
  sign: {
    method: "POST",
    path: "/api/v1/assets/:id/sign",
    summary: "Make a link to a file",
    description: "It opens without a key until it expires, also after the key was revoked.",
    pathParams,
    headers: writeHeaders,
    body: assetSign,
    responses: { 200: signedLink, ...writeErrors },
    metadata: read,
  },
  delete: {
    method: "DELETE",
    path: "/api/v1/assets/:id",
    summary: "Delete a file",
    description:
      "Links to it stop working, and it can be no input any more. 409 while a job that has not ended needs it. A job whose outputs were deleted stays.",
    pathParams,
    responses: { 204: c.noBody(), ...writeErrors },
    metadata: write,
  },
});
