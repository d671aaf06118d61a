import { describe, expect, it } from "vitest";
import type { PromptEvent } from "../src/index.ts";
import { finish, setUp, until } from "./parts.ts";
import { graph } from "./scripted-server.ts";

describe("the socket", () => {
  const followed = async () => {
    const parts = await setUp();
    await parts.comfy.submit({ promptId: parts.promptId, graph });
    const ended = parts.comfy.follow({ promptId: parts.promptId });
    return { ...parts, ended };
  };

  it("comes back with the same client id while somebody is followed, and says its flags again", async () => {
    const { server, world, comfy, promptId, ended } = await followed();
    server.sockets[0]?.terminate();
    await until(() => server.heard.length === 2);
    finish(world, promptId);
    await ended;
    expect(server.clientIds).toEqual([comfy.clientId, comfy.clientId]);
    for (const text of server.heard) expect(text).toContain("supports_preview_metadata");
  });

  it("is one for all prompts, and rests when nobody is followed", async () => {
    const { server, world, comfy, promptId, ended } = await followed();
    const second = crypto.randomUUID();
    await comfy.submit({ promptId: second, graph });
    finish(world, promptId);
    finish(world, second);
    await Promise.all([ended, comfy.follow({ promptId: second })]);
    expect(server.clientIds).toHaveLength(1);
    server.sockets[0]?.terminate();
    await until(() => server.sockets.length === 0);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(server.clientIds).toHaveLength(1);
  });

  it("is dropped when the other side stops answering pings", async () => {
    const { server, world, promptId, ended } = await followed();
    server.sockets[0]?.pause();
    await until(() => server.clientIds.length === 2);
    finish(world, promptId);
    expect(await ended).toMatchObject({ type: "succeeded" });
  });

  it("is made anew when it is silent although the server certainly had news", async () => {
    const { server, world, promptId, ended } = await followed();
    await until(() => server.clientIds.length === 2);
    finish(world, promptId);
    expect(await ended).toMatchObject({ type: "succeeded" });
  });
});

describe("previews", () => {
  it("of a plain frame go to the prompt that last spoke", async () => {
    const { server, world, comfy, promptId } = await setUp();
    await comfy.submit({ promptId, graph });
    const previews: PromptEvent[] = [];
    const ended = comfy.follow({ promptId, onEvent: (event) => event.type === "preview" && previews.push(event) });
    const frame = (mark: number) => Buffer.from([0, 0, 0, 1, 0, 0, 0, 2, 0x89, 0x50, mark]);
    server.say("executing", { node: "1", display_node: "1", prompt_id: promptId });
    server.sockets[0]?.send(frame(1));
    server.say("progress_state", { prompt_id: "a-stranger", nodes: {} });
    server.sockets[0]?.send(frame(2));
    server.say("executing", { node: "2", display_node: "2", prompt_id: promptId });
    server.sockets[0]?.send(frame(3));
    await until(() => previews.length === 2);
    finish(world, promptId);
    await ended;
    expect(previews.map((event) => event.type === "preview" && [event.mediaType, event.bytes[2]])).toEqual([
      ["image/png", 1],
      ["image/png", 3],
    ]);
  });
});
