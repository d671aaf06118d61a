import { createHmac } from "node:crypto";

/**
 * A client of the kind that products wrote by hand before there was an SDK: one HMAC over timestamp and body, a five-minute fetch, a poll
 * loop that shows nothing but its key. The service must serve it as it is.
 */
export function createHandWrittenClient(origin: string, key: string, secret: string) {
  async function call<Data>(endpoint: string, body: Record<string, unknown>) {
    const text = JSON.stringify(body);
    const timestamp = Date.now().toString();
    const signature = createHmac("sha256", secret).update(`${timestamp}:${text}`).digest("hex");
    const response = await fetch(origin + endpoint, {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        "X-API-Key": key,
        "X-Timestamp": timestamp,
        "X-Signature": signature,
      },
      body: text,
      signal: AbortSignal.timeout(300_000),
    });
    const answer = (await response.json()) as Data & { error?: string };
    const remaining = Number(response.headers.get("X-RateLimit-Remaining"));
    const reset = Number(response.headers.get("X-RateLimit-Reset"));
    if (!response.ok)
      return { success: false as const, error: answer.error ?? `Error: ${response.status}`, status: response.status };
    return { success: true as const, data: answer, remaining, reset };
  }

  async function submit(endpoint: string, body: Record<string, unknown>) {
    const answer = await call<{ status: string; jobId: string; pollUrl: string }>(`${endpoint}/async`, body);
    if (!answer.success) throw new Error(answer.error);
    return answer.data;
  }

  async function poll<Result>(pollUrl: string, intervalMs = 100): Promise<Result> {
    for (let attempt = 0; attempt < 600; attempt++) {
      const response = await fetch(origin + pollUrl, { headers: { "X-API-Key": key } });
      const job = (await response.json()) as { status: string; result: Result; error?: string };
      if (job.status === "complete") return job.result;
      if (job.status === "failed") throw new Error(job.error || "Job failed");
      await new Promise((resolve) => setTimeout(resolve, intervalMs));
    }
    throw new Error("Job polling timeout");
  }

  return { call, submit, poll };
}
