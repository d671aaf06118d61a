import { inGroup } from "../attack.ts";
import { statusesIn } from "../target/send.ts";
import type { Target } from "../target/target.ts";
import { refused, succeeded } from "../verdict.ts";

const lenient = {
  file: "apps/server/src/http/server.ts",
  find: "maxHeaderSize: HEADER_SIZE_BYTES_MAX,",
  replace: "maxHeaderSize: HEADER_SIZE_BYTES_MAX, insecureHTTPParser: true,",
};

/** Bytes that two readers could take for different requests: the first answer must be a refusal that ends the connection. */
const ambiguous =
  (...lines: readonly string[]) =>
  async ({ raw, ip }: Target) => {
    const { text } = await raw([lines.join("\r\n").replace("IP", ip)], { timeoutMs: 2_500 });
    const statuses = statusesIn(text);
    if (statuses.length === 0) throw new Error(`No answer to ${lines[0]}`);
    // A request that is answered before its body was read may get two answers: the last one ends the connection.
    return statuses.at(-1) === "400" ? refused(statuses.join(", ")) : succeeded(statuses.join(", "));
  };

const HEALTH = "GET /ping HTTP/1.1";
const HOST = "Host: x";

export const smugglingAttacks = inGroup("http", [
  {
    name: "a request has a length and comes in chunks",
    attack: ambiguous(
      "POST /ping HTTP/1.1",
      HOST,
      "Content-Length: 6",
      "Transfer-Encoding: chunked",
      "",
      "0",
      "",
      "GET /health HTTP/1.1",
      HOST,
      "",
      "",
    ),
    defence: lenient,
  },
  {
    name: "a request hides how it is encoded behind a second encoding",
    attack: ambiguous(
      "POST /ping HTTP/1.1",
      HOST,
      "Transfer-Encoding: chunked",
      "Transfer-Encoding: identity",
      "",
      "0",
      "",
      "",
    ),
    defence: lenient,
  },
  {
    name: "a header goes on in the next line",
    attack: ambiguous(HEALTH, HOST, "X-Long: a", " b", "", ""),
    defence: lenient,
  },
  {
    name: "a header ends with a bare line feed",
    attack: ambiguous(HEALTH, `${HOST}\nX-Smuggled: y`, "", ""),
    defence: lenient,
  },
  {
    name: "a header holds a control character",
    attack: ambiguous(HEALTH, HOST, "X-Odd: a\u0001b", "", ""),
    defence: lenient,
  },
  {
    name: "the size of a chunk is followed by what is no extension",
    attack: ambiguous("POST /ping HTTP/1.1", HOST, "Transfer-Encoding: chunked", "", "0  ", "", ""),
    defence: lenient,
  },
]);
