// What a consumer of the published package compiles, under other compilers' settings than ours.
import {
  APIError,
  ComfyClient,
  ComfyError,
  callService,
  generatePortrait,
  pollJob,
  submitAsyncJob,
} from "@comfy/client";
import { verifyWebhook, WebhookSignatureError } from "@comfy/client/webhooks";

// The first consumer's own route handler, with only the import path replaced.
export async function POST(req: Request): Promise<Response> {
  const body = await req.json();
  if (!body.description) return Response.json({ error: "description is required" }, { status: 400 });
  const result = await generatePortrait({ ...body, upload_to_cloud: true });
  if (!result.success) return Response.json({ error: result.error }, { status: 500 });
  return Response.json({ success: true, image: result.data?.signedUrl, expiresIn: 3600 });
}

export async function others(request: Request): Promise<string | undefined> {
  const answer = await callService<{ signedUrl: string }>("/portrait", { description: "x" });
  const { jobId, pollUrl } = await submitAsyncJob("/portrait", { description: "x" });
  const job = await pollJob<{ result: { signedUrl: string } }>(pollUrl ?? "", 60, 5000);
  const event = await verifyWebhook(request, { secret: ["whsec_a", "whsec_b"] });
  try {
    const comfy = new ComfyClient({ fetch: globalThis.fetch, logger: console, apiSecret: async () => "s" });
    return (await comfy.run("tts", { text: "x" })).signedUrl;
  } catch (error) {
    if (error instanceof APIError) return error.requestId;
    if (ComfyError.is(error) || error instanceof WebhookSignatureError) return error.code;
  }
  return answer.data?.signedUrl ?? jobId ?? job.result.signedUrl ?? event.jobId;
}
