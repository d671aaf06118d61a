import * as z from "zod";
import type { RouteMetadata } from "../access.ts";
import { asset } from "../assets.ts";
import { c } from "../contract.ts";
import { errorBody } from "../errors.ts";
import { writeHeaders } from "../headers.ts";
import { linkErrors, writeErrors } from "./responses.ts";

const link: RouteMetadata = { access: "link", bucket: "none", tag: "Assets" };
const signed: RouteMetadata = { access: "signed", bucket: "requests", scope: "upload", tag: "Assets" };

export const outputRoutes = c.router({
  content: {
    method: "GET",
    path: "/outputs/:asset/:name",
    summary: "Download an output through its signed link",
    description:
      "Supports ranges and HEAD. The link is what `signedUrl` and `assets[].url` hold; it cannot be put together by hand.",
    pathParams: z.object({ asset: z.string().min(1), name: z.string().min(1) }),
    query: z.object({
      expires: z.string().optional().describe("Unix seconds."),
      key: z.string().optional().describe("Which signing key."),
      disposition: z.string().optional().describe("`inline` or `attachment`; part of what is signed."),
      sig: z.string().optional().describe("The signature."),
    }),
    responses: {
      200: c.otherResponse({ contentType: "application/octet-stream", body: z.unknown() }),
      206: c.otherResponse({ contentType: "application/octet-stream", body: z.unknown() }),
      ...linkErrors,
      416: errorBody,
      502: errorBody,
    },
    metadata: link,
  },
  upload: {
    method: "POST",
    path: "/api/v1/upload",
    summary: "Upload a file to use as an input",
    description:
      "multipart/form-data with one part named `file`. The type is read from the content, not from the name. A part `stripLocation` with the text `true`, before the file, takes out of a JPEG, PNG or WebP where and with what it was made.",
    contentType: "multipart/form-data",
    headers: writeHeaders,
    body: z.object({ file: z.unknown().describe("The file.") }),
    responses: { 200: asset, 201: asset, ...writeErrors, 408: errorBody },
    metadata: { ...signed, streams: true } satisfies RouteMetadata,
  },
});
