import { Agent, get } from "node:http";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { post } from "../../../../test/http/call.ts";
import { signNow } from "../../../../test/http/sign-now.ts";
import { type Door, PRO_KEY, SECRET, startDoor } from "../../../../test/http/start-door.ts";

const LISTENERS = 1_000;
/** The limits of one key are not what this is about. */
const deps = { limitRequest: async () => undefined };

/** One event stream on a connection of its own; `begun` once it was told where the job stands. */
function openStream(door: Door, path: string, agent: Agent) {
  const begun = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<string>();
  let text = "";
  const request = get(
    door.url + path,
    { agent, headers: signNow(path, { key: PRO_KEY, secret: SECRET }) },
    (response) => {
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
        begun.resolve();
      });
      response.on("end", () => ended.resolve(text));
    },
  );
  request.on("error", (error) => {
    begun.reject(error);
    ended.reject(error);
  });
  return { begun: begun.promise, ended: ended.promise };
}

test("a thousand event streams of one process get the same terminal event, also when no notice tells of the end", async () => {
  const door = await startDoor({ isIdle: true, deps });
  const { body } = await post(door, "/portrait/async", { description: "Viking warrior" });
  const agent = new Agent({ keepAlive: false, maxSockets: LISTENERS });
  onTestFinished(() => agent.destroy());
  const streams = Array.from({ length: LISTENERS }, () => openStream(door, `${body.pollUrl}/events`, agent));
  await Promise.all(streams.map(({ begun }) => begun));
  door.events.publish = () => {};
  await door.complete(body.jobId);
  const lasts = (await Promise.all(streams.map(({ ended }) => ended))).map((text) => text.trim().split("\n\n").at(-1));
  expect(new Set(lasts).size).toBe(1);
  expect(lasts[0]).toContain('"type":"completed"');
}, 60_000);

test("a thousand sockets of one process get the same terminal message", async () => {
  const door = await startDoor({ isIdle: true, deps });
  const { body } = await post(door, "/portrait/async", { description: "Viking warrior" });
  const path = `/ws/jobs/${body.jobId}`;
  const url = door.url.replace("http", "ws") + path;
  const sockets = Array.from({ length: LISTENERS }, () => {
    const socket = new WebSocket(url, { headers: signNow(path, { key: PRO_KEY, secret: SECRET }) });
    const begun = new Promise<void>((resolve) => socket.once("message", () => resolve()));
    let last = "";
    socket.on("message", (data) => {
      last = String(data);
    });
    const ended = new Promise<string>((resolve) => socket.once("close", () => resolve(last)));
    return { begun, ended };
  });
  await Promise.all(sockets.map(({ begun }) => begun));
  await door.complete(body.jobId);
  const lasts = await Promise.all(sockets.map(({ ended }) => ended));
  expect(new Set(lasts).size).toBe(1);
  expect(lasts[0]).toContain('"type":"completed"');
}, 60_000);
