import { describe, expect, it } from "vitest";
import { AppError } from "../errors.ts";
import { type FilePart, type FormOptions, storeFilePart } from "./multipart.ts";

const headers = { "content-type": "multipart/form-data; boundary=b" };
const head = '--b\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n';
const tail = "\r\n--b--\r\n";

async function* toBody(...pieces: readonly (string | Error | Promise<never>)[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) {
    if (piece instanceof Error) throw piece;
    yield Buffer.from(typeof piece === "string" ? piece : await piece);
  }
}

async function readPart({ body }: FilePart): Promise<string> {
  let text = "";
  for await (const chunk of body) text += Buffer.from(chunk).toString();
  return text;
}

const run = (body: AsyncIterable<Uint8Array>, changes: Partial<FormOptions> = {}, store = readPart) =>
  storeFilePart({ headers, body, sizeBytesMax: 1_000_000, fields: [], settle: async () => {}, ...changes }, store);

describe("a form while it arrives", () => {
  it("gives its file, once all of it was found to be what its sender sent", async () => {
    const order: string[] = [];
    const settle = async () => void order.push("settled");
    const read = await run(toBody(head, "some", " words", tail), { settle }, async (part) => {
      const text = await readPart(part);
      order.push("read");
      return text;
    });
    expect(read).toBe("some words");
    expect(order).toEqual(["settled", "read"]);
  });

  it("tells its reader when it broke off, instead of letting it wait for ever", async () => {
    const silent = new AppError("request_timeout", "The body was silent.");
    const seen: unknown[] = [];
    const reading = run(toBody(head, "some", silent), {}, (part) =>
      readPart(part).catch((error: unknown) => {
        seen.push(error);
        throw error;
      }),
    );
    await expect(reading).rejects.toBe(silent);
    expect(seen).toEqual([silent]);
  });

  it("tells its reader when it is not to be believed", async () => {
    const forged = new AppError("invalid_signature", "Invalid signature");
    const settle = async () => {
      throw forged;
    };
    await expect(run(toBody(head, "some words", tail), { settle })).rejects.toBe(forged);
    // Without a file too: who is not believed is told nothing else.
    await expect(run(toBody("--b--\r\n"), { settle })).rejects.toBe(forged);
  });

  it("is not read to its end when its file is refused", async () => {
    const refusal = new AppError("unsupported_media_type", "Not this.");
    const never = Promise.withResolvers<never>();
    const reading = run(toBody(head, "x".repeat(10_000), never.promise), {}, async ({ body }) => {
      for await (const _ of body) throw refusal;
      return "";
    });
    await expect(reading).rejects.toBe(refusal);
  });

  it("is not read to its end when its file is too large", async () => {
    const reading = run(toBody(head, "x".repeat(10_000), tail), { sizeBytesMax: 1_000 });
    await expect(reading).rejects.toMatchObject({ code: "payload_too_large" });
  });

  it("waits for its reader: pieces are taken no faster than they are read", async () => {
    let sent = 0;
    async function* body() {
      yield Buffer.from(head);
      for (; sent < 100; sent++) yield Buffer.alloc(64 * 1024);
      yield Buffer.from(tail);
    }
    const started = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const reading = run(body(), { sizeBytesMax: 10_000_000 }, async (part) => {
      started.resolve();
      await goOn.promise;
      return readPart(part);
    });
    await started.promise;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(sent).toBeLessThan(10);
    goOn.resolve();
    expect((await reading).length).toBe(100 * 64 * 1024);
  });
});
