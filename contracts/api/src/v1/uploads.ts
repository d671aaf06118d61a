import * as z from "zod";
import type { RouteMetadata } from "../access.ts";
import { c } from "../contract.ts";
import { errorBody } from "../errors.ts";
import { headerNames, writeHeaders } from "../headers.ts";
import { linkErrors, readErrors, writeErrors } from "../product/responses.ts";
import { v1Asset } from "./asset-schemas.ts";
import { partDigest, receivedPart, uploadCreate, uploadFetch, v1Upload } from "./upload-schemas.ts";

const tag = "Platform: uploads";
const write: RouteMetadata = { access: "signed", bucket: "requests", scope: "upload", tag };
const link: RouteMetadata = { access: "link", bucket: "none", tag };
const pathParams = z.object({ id: z.string().min(1).describe("The upload's id.") });
const nothing = z.strictObject({}).optional().describe("Nothing, or an empty object.");
const partErrors = { 408: errorBody, 409: errorBody, 413: errorBody, 415: errorBody, 422: errorBody } as const;
const part = {
  path: "/api/v1/uploads/:id/parts/:n",
  pathParams: pathParams.extend({ n: z.string().min(1).describe("Which part; 1 is the first.") }),
  query: z.object({
    expires: z.string().optional().describe("Unix seconds."),
    key: z.string().optional().describe("Which signing key."),
    sig: z.string().optional().describe("The signature."),
  }),
} as const;

export const v1UploadRoutes = c.router({
  create: {
    method: "POST",
    path: "/api/v1/uploads",
    summary: "Begin an upload in parts",
    description:
      "For large files, and for browsers that must not hold a key: each part is PUT to a link of its own, in any order, again after a cut, and `complete` makes the asset. An owner has at most 10 uploads open, of four times `MAX_UPLOAD_SIZE` in all.",
    headers: writeHeaders,
    body: uploadCreate,
    responses: { 201: v1Upload, ...writeErrors },
    metadata: write,
  },
  fetch: {
    method: "POST",
    path: "/api/v1/uploads/fetch",
    summary: "Keep a file from an address",
    description: "Answers when it was read. Never from a private or loopback address.",
    headers: writeHeaders,
    body: uploadFetch,
    responses: { 201: v1Asset, ...writeErrors },
    metadata: write,
  },
  read: {
    method: "GET",
    path: "/api/v1/uploads/:id",
    summary: "See what of an upload has arrived",
    description: "With links for its parts that were signed just now.",
    pathParams,
    responses: { 200: v1Upload, ...readErrors },
    metadata: write,
  },
  delete: {
    method: "DELETE",
    path: "/api/v1/uploads/:id",
    summary: "Give up an upload",
    description: "What has arrived is thrown away. An asset that it became stays.",
    pathParams,
    responses: { 204: c.noBody(), ...writeErrors },
    metadata: write,
  },
  complete: {
    method: "POST",
    path: "/api/v1/uploads/:id/complete",
    summary: "Make the asset of an upload",
    description:
      "When every part has arrived. Its type is read from its content; what is no image, audio or video, or is not what was announced, is refused and may be sent again. Asking again gives the same asset with 200.",
    pathParams,
    headers: writeHeaders,
    body: nothing,
    responses: { 200: v1Asset, 201: v1Asset, ...writeErrors },
    metadata: write,
  },
  putPart: {
    ...part,
    method: "PUT",
    summary: "Send a part",
    description:
      "To the link that the upload names for it, as `application/octet-stream`. A part that is sent again replaces the one before.",
    headers: { [headerNames.contentSha256]: partDigest },
    body: z.unknown().describe("The bytes of the part."),
    responses: { 200: receivedPart, ...linkErrors, ...partErrors },
    metadata: { ...link, streams: true } satisfies RouteMetadata,
  },
  readPart: {
    ...part,
    method: "GET",
    summary: "See whether a part has arrived",
    description: "With the same link, and by HEAD as well. 404 when it has not.",
    responses: { 200: receivedPart, ...linkErrors },
    metadata: link,
  },
});
