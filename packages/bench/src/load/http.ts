import { Agent, type Dispatcher, request } from "undici";

/** One HTTP client for everything that is compared, so that its own cost is on both sides. */
export const createAgent = (connections = 256) => new Agent({ connections, headersTimeout: 0, bodyTimeout: 0 });

type Options = Parameters<typeof request>[1];

/** Sends, and reads the whole answer as JSON. */
export async function sendJson<Body>(url: string, options: Options): Promise<Body> {
  const { statusCode, body } = await request(url, options);
  const text = await body.text();
  if (statusCode !== 200 && statusCode !== 202)
    throw new Error(`${options?.method ?? "GET"} ${new URL(url).pathname}: ${statusCode} ${text}`);
  return JSON.parse(text) as Body;
}

/** Reads an answer to its last byte, keeps none and insists on the size. */
export async function readBytes(
  url: string,
  options: { dispatcher: Dispatcher; signal: AbortSignal; sizeBytes: number },
): Promise<void> {
  const { sizeBytes, ...rest } = options;
  const { statusCode, body } = await request(url, rest);
  let read = 0;
  for await (const chunk of body) read += (chunk as Buffer).length;
  if (statusCode !== 200 || read !== sizeBytes)
    throw new Error(`GET ${new URL(url).pathname}: status ${statusCode}, ${read} of ${sizeBytes} bytes.`);
}
