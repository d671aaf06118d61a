import type { RouteMetadata } from "../access.ts";
import { c } from "../contract.ts";
import { errorBody } from "../errors.ts";
import { writeHeaders } from "../headers.ts";
import { writeErrors } from "../product/responses.ts";
import { jobCreate, v1CompletedJob } from "./job-schemas.ts";

export const v1GenerateRoute = c.mutation({
  method: "POST",
  path: "/api/v1/generate",
  summary: "Make something and wait for it",
  description:
    "The body of `POST /api/v1/jobs`. Answers with the completed job when it ended, after 285 s at the latest; then with 504 and the id of the job, which goes on.",
  headers: writeHeaders,
  body: jobCreate,
  responses: { 200: v1CompletedJob, ...writeErrors, 504: errorBody },
  metadata: {
    access: "signed",
    bucket: "requests",
    scope: "generate",
    tag: "Platform: jobs",
    claims: "job",
  } satisfies RouteMetadata,
});
