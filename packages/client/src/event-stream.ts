/** One server-sent event with data. */
export interface StreamEvent {
  readonly id: string | undefined;
  readonly data: string;
}

/**
 * Server-sent events of a body. Characters and line ends may be split anywhere between chunks: one decoder keeps its state over all of
 * them, and a CR at the end of a chunk waits for a LF that may follow.
 */
export async function* readEventStream(body: ReadableStream<Uint8Array>): AsyncGenerator<StreamEvent> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let buffer = "";
  let data: string[] = [];
  let id: string | undefined;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      buffer += decoder.decode(value, { stream: true });
      const lines = buffer.split(/\r\n|\n|\r(?!$)/);
      buffer = lines.pop() ?? "";
      for (const line of lines) {
        if (!line && data.length) {
          yield { id, data: data.join("\n") };
          data = [];
        }
        const [, field, text = ""] = /^(\w+):? ?(.*)$/.exec(line) ?? [];
        if (field === "data") data.push(text);
        if (field === "id") id = text;
      }
    }
  } finally {
    // Also when the consumer leaves early: the connection goes back at once.
    await reader.cancel().catch(() => {});
  }
}
