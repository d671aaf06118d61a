import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { heads } from "../../../../test/assets/files.ts";
import { toPng } from "../../../../test/assets/pictures.ts";
import { post } from "../../../../test/http/call.ts";
import { startDoor } from "../../../../test/http/start-door.ts";

const PATH = "/api/v1/uploads/fetch";

describe("a file from an address", () => {
  async function serve(bytes: Uint8Array): Promise<{ url: string; count: () => number }> {
    let count = 0;
    const server = createServer((_, response) => {
      count += 1;
      response.end(bytes);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/my%20face.php?x=1`, count: () => count };
  }

  it("is kept, named after its address, and read once with one Idempotency-Key", async () => {
    const door = await startDoor();
    const { url, count } = await serve(heads.png);
    const options = { headers: { "Idempotency-Key": "face" } };
    const made = await post(door, PATH, { url }, options);
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({ name: "my_face.png", type: "image/png", source: "url" });
    expect((await post(door, PATH, { url }, options)).body.id).toBe(made.body.id);
    expect(count()).toBe(1);
    expect((await post(door, PATH, { url, name: "b" }, options)).body.code).toBe("idempotency_key_reused");
  });

  it.each([
    ["a page", heads.html, "media_unusable"],
    ["a bomb", toPng(60_000, 60_000), "image_too_large"],
    ["too large", Buffer.concat([heads.wav, Buffer.alloc(200_000)]), "payload_too_large"],
  ])("is refused when it is %s", async (_, bytes, code) => {
    const door = await startDoor();
    const { url } = await serve(bytes);
    const { body } = await post(door, PATH, { url });
    expect(body.code).toBe(code);
    expect(body.error).toMatch(/^url: /);
  });
});
