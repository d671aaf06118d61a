import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { PRO_KEY, SECRET, startDoor } from "../http/start-door.ts";

const run = promisify(execFile);

// The form that stands in the documentation, character by character.
const SCRIPT = `
TIMESTAMP=$(date +%s000); BODY='{"description":"Viking warrior"}'
SIGNATURE=$(echo -n "\${TIMESTAMP}:\${BODY}" | openssl dgst -sha256 -hmac "$API_SECRET" | cut -d' ' -f2)
curl -X POST $URL/portrait -H "Content-Type: application/json" -H "X-API-Key: $API_KEY" \\
     -H "X-Timestamp: $TIMESTAMP" -H "X-Signature: $SIGNATURE" -d "$BODY"
`;

it("the documented curl command makes a portrait as it stands", async () => {
  const door = await startDoor();
  const env = { ...process.env, URL: door.url, API_KEY: PRO_KEY, API_SECRET: SECRET };
  const { stdout } = await run("bash", ["-euo", "pipefail", "-c", SCRIPT], { env, timeout: 15_000 });
  expect(JSON.parse(stdout)).toMatchObject({ success: true, taskId: door.accepted[0], signedUrl: expect.any(String) });
});

it("the documented polling command needs nothing but the key", async () => {
  const door = await startDoor();
  const env = { ...process.env, URL: door.url, API_KEY: PRO_KEY, API_SECRET: SECRET };
  const submit = await run("bash", ["-euo", "pipefail", "-c", SCRIPT.replace("/portrait", "/portrait/async")], { env });
  const { jobId, pollUrl } = JSON.parse(submit.stdout);
  const poll = 'curl "$URL$1" -H "X-API-Key: $API_KEY"';
  const { stdout } = await run("bash", ["-euo", "pipefail", "-c", poll, "poll", pollUrl], { env, timeout: 15_000 });
  expect(JSON.parse(stdout)).toMatchObject({ id: jobId, status: "complete" });
});
