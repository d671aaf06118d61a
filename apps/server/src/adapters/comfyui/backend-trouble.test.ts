import { rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createBackend, forever, quickGraph, setUp, slowGraph, start } from "../../../test/comfyui/emulated-backend.ts";

describe("a server in trouble", () => {
  it("that stays away is given up after the bound", async () => {
    const { emulator, backend } = await setUp({ unreachableAfterMs: 500 });
    const { outcome, working } = start(backend, slowGraph());
    await working;
    await emulator.close();
    expect(await outcome).toMatchObject({ type: "unreachable" });
  });

  it("whose worker thread is dead loses the prompt after the bound", async () => {
    const { emulator, backend } = await setUp({ stalledAfterMs: 500, cancelMs: 300 });
    emulator.setFaults({ workerDeath: true });
    expect(await start(backend, quickGraph()).outcome).toMatchObject({
      type: "lost",
      cause: "stalled",
      message: expect.stringContaining("stopped working"),
    });
    expect(backend.isWorking()).toBe(false);
  });

  it("is an answer to a question about its status, and a waiting job for all else", async () => {
    const { emulator, backend } = await setUp();
    expect(await backend.readStatus(forever)).toMatchObject({
      isReachable: true,
      isSimulated: true,
      vramTotalBytes: expect.any(Number),
    });
    await emulator.close();
    expect(await backend.readStatus(forever)).toMatchObject({ isReachable: false });
    await expect(backend.readEpoch(forever)).rejects.toMatchObject({ code: "no_backend" });
    await expect(backend.readInventory(["KSampler"], forever)).rejects.toMatchObject({ code: "no_backend" });
  });
});

describe("files and facts", () => {
  it("keeps uploads in a folder of its own and names them as graphs do", async () => {
    const { backend } = await setUp();
    async function* body() {
      yield Buffer.from("bytes");
    }
    const file = { name: "0f3a.png", sizeBytes: 5 };
    expect(await backend.upload({ ...file, body: body() }, forever)).toBe("comfy-service/0f3a.png");
    expect(await backend.upload({ ...file, body: body() }, forever)).toBe("comfy-service/0f3a.png");
  });

  it("tells what is installed, and leaves out what is not", async () => {
    const { backend } = await setUp();
    expect(Object.keys(await backend.readInventory(["KSampler", "NoSuchNode"], forever))).toEqual(["KSampler"]);
  });

  it("tells an output that is gone", async () => {
    const { emulator, backend } = await setUp();
    const ended = await start(backend, quickGraph()).outcome;
    const [file] = ended.type === "succeeded" ? ended.files : [];
    if (!file) throw new Error("no file");
    await rm(join(emulator.baseDirectory, "output"), { recursive: true });
    await expect(backend.open(file, forever)).rejects.toMatchObject({ code: "output_unavailable" });
  });

  it("has an id that depends on the address alone, or a label", () => {
    const idOf = (url: string, label?: string) => createBackend(url, label === undefined ? {} : { label }).id;
    expect(idOf("http://gpu:8188")).toBe(idOf("http://me:secret@gpu:8188/"));
    expect(idOf("http://gpu:8188")).toMatch(/^comfyui-[0-9a-f]{12}$/);
    expect(idOf("http://gpu:8188")).not.toBe(idOf("http://gpu:8189"));
    expect(idOf("http://gpu:8188", "east")).toBe("east");
  });
});
