import { toShownPath } from "../checkout.ts";
import type { DevelopmentKey } from "./development-key.ts";

export interface WelcomeFacts {
  readonly url: string;
  readonly docsUrl: string | undefined;
  /** Where the pictures come from, as a sentence says it. */
  readonly backend: string;
  readonly dataFolder: string;
  readonly logFile: string;
  readonly key: DevelopmentKey;
}

/** A request that works when it is pasted into a shell: the timestamp and the signature are made there. */
export function toCurlLines(url: string, { apiKey, apiSecret, file }: DevelopmentKey): string[] {
  return [
    `URL=${url}; API_KEY='${apiKey}'; API_SECRET=${file ? `'${apiSecret}'` : '"$COMFYUI_API_SECRET"'}`,
    `TIMESTAMP=$(date +%s000); BODY='{"description":"Viking warrior"}'`,
    `SIGNATURE=$(echo -n "\${TIMESTAMP}:\${BODY}" | openssl dgst -sha256 -hmac "$API_SECRET" | cut -d' ' -f2)`,
    `curl -X POST $URL/portrait -H "Content-Type: application/json" -H "X-API-Key: $API_KEY" \\`,
    `     -H "X-Timestamp: $TIMESTAMP" -H "X-Signature: $SIGNATURE" -d "$BODY"`,
  ];
}

/** The same from TypeScript. */
export function toSdkLines(url: string, { apiKey, apiSecret, file }: DevelopmentKey): string[] {
  // Absent, the SDK reads it from COMFYUI_API_SECRET.
  const secret = file ? `, apiSecret: "${apiSecret}"` : "";
  return [
    `const comfy = new ComfyClient({ baseUrl: "${url}", apiKey: "${apiKey}"${secret} }); // from "@comfy/client"`,
    `console.log((await comfy.run("portrait", { description: "Viking warrior" })).signedUrl);`,
  ];
}

const indent = (lines: readonly string[]) => lines.map((line) => `  ${line}`);

/** What a person needs to know of a service that has just come up. */
export function toWelcome({ url, docsUrl, backend, dataFolder, logFile, key }: WelcomeFacts): string {
  const kept = key.file ? `kept in ${toShownPath(key.file)}` : "from the environment";
  return [
    "",
    `The service is up at  ${url}`,
    ...(docsUrl ? [`Its documentation     ${docsUrl}`] : []),
    `Pictures come from    ${backend}`,
    `Data is kept in       ${toShownPath(dataFolder)}`,
    `Its log is            ${toShownPath(logFile)}`,
    "",
    `API key (${kept}):`,
    ...indent([`key     ${key.apiKey}`, ...(key.file ? [`secret  ${key.apiSecret}`] : [])]),
    "",
    "Paste this into a shell:",
    ...indent(toCurlLines(url, key)),
    "",
    "Or from TypeScript:",
    ...indent(toSdkLines(url, key)),
    "",
    "Ctrl-C stops it. Jobs and files are there again at the next start.",
    "",
  ].join("\n");
}
