import type { SecurityRequirementObject, SecuritySchemeObject } from "openapi3-ts/oas31";
import type { Access } from "../src/access.ts";

const header = (name: string, description: string): SecuritySchemeObject => ({
  type: "apiKey",
  in: "header",
  name,
  description,
});

export const securitySchemes: Record<string, SecuritySchemeObject> = {
  ApiKey: header("X-API-Key", "The key's id."),
  Timestamp: header("X-Timestamp", "Unix milliseconds, 13 digits; at most five minutes from the service's clock."),
  Signature: header(
    "X-Signature",
    [
      "64 lowercase hexadecimal characters of HMAC-SHA256 under the key's secret. A signature is good for one request; a retry signs anew.",
      "Version 1 (no further header) covers `<timestamp>:<exact body bytes>`; without a body nothing follows the colon.",
      "Version 2 (`X-Signature-Version: 2`, `X-Nonce`, `X-Content-SHA256`) covers, joined by line feeds: `comfy-v2`, timestamp, nonce, METHOD, request target with its query, key id, hex SHA-256 of the body.",
    ].join("\n\n"),
  ),
  Bearer: {
    type: "http",
    scheme: "bearer",
    description:
      "The token of a key with the mode `bearer`, or the access token of a session. A signed key is refused here.",
  },
  SignedLink: {
    type: "apiKey",
    in: "query",
    name: "sig",
    description: "Part of a link that the service hands out; it cannot be put together by hand.",
  },
};

const signed: SecurityRequirementObject = { ApiKey: [], Timestamp: [], Signature: [] };
const bearer: SecurityRequirementObject = { Bearer: [] };

/** What a route asks for, by its access word. The first entry is what the samples use. */
export const securityOf: Readonly<Record<Access, SecurityRequirementObject[]>> = {
  public: [],
  signed: [signed, bearer],
  key: [{ ApiKey: [] }, signed, bearer],
  admin: [signed, bearer],
  link: [{ SignedLink: [] }],
};
