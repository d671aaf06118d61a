import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { expect, it, onTestFinished, vi } from "vitest";
import { call, post, send } from "../../../../test/http/call.ts";
import { bear, KEYS, makeKey } from "../../../../test/http/key-calls.ts";
import { openRefused, openSocket } from "../../../../test/http/open-socket.ts";
import { signNow } from "../../../../test/http/sign-now.ts";
import { type Door, startDoor } from "../../../../test/http/start-door.ts";

const HEARTBEAT_MS = 15_000;

async function openDoor() {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  onTestFinished(() => void vi.useRealTimers());
  const door = await startDoor({ isIdle: true });
  const { made } = await makeKey(door);
  const { body } = await post(door, "/portrait/async", { description: "Viking warrior" });
  return { door, made, id: body.jobId as string, beat: () => vi.advanceTimersByTime(HEARTBEAT_MS) };
}

const revoke = (door: Door, id: string) => call(door, "DELETE", `${KEYS}/${id}`);

/** Reads server-sent events until a text has come, or to the end. */
function createReader(response: Response) {
  const reader = (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream()).getReader();
  let seen = "";
  return {
    async until(word: string) {
      while (!seen.includes(word)) seen += (await reader.read()).value ?? "";
      seen = "";
    },
    async isOver() {
      for (;;) if ((await reader.read()).done) return true;
    },
  };
}

/** What was read of a key a moment ago still does for a second: the heartbeat after that closes the stream. */
async function expectEnd(isOver: () => Promise<boolean>, beat: () => unknown): Promise<void> {
  const end = isOver();
  await expect
    .poll(
      async () => {
        beat();
        return Promise.race([end, pause(50, false)]);
      },
      { timeout: 5_000 },
    )
    .toBe(true);
}

it("an event stream closes at the next heartbeat after its key was revoked", async () => {
  const { door, made, id, beat } = await openDoor();
  const path = `/api/v1/jobs/${id}/events`;
  const { until, isOver } = createReader(await fetch(door.url + path, { headers: signNow(path, made) }));
  await until("queued");
  beat();
  await until(": keep-alive");
  await revoke(door, made.id);
  await expectEnd(isOver, beat);
});

it("so does one that was opened by a ticket which the key asked for", async () => {
  const { door, made, id, beat } = await openDoor();
  const { ticket } = (await post(door, `/api/v1/jobs/${id}/ticket`, undefined, made)).body;
  const response = await fetch(`${door.url}/api/v1/jobs/${id}/events?ticket=${ticket}`);
  const { until, isOver } = createReader(response);
  await until("queued");
  await revoke(door, made.id);
  await expectEnd(isOver, beat);
});

it("a ticket opens nothing once its key was revoked, on a stream and on a socket", async () => {
  const { door, made, id } = await openDoor();
  const ticketOf = async () => (await post(door, `/api/v1/jobs/${id}/ticket`, undefined, made)).body.ticket;
  const [first, second] = [await ticketOf(), await ticketOf()];
  await revoke(door, made.id);
  const stream = await send(door, `/api/v1/jobs/${id}/events?ticket=${first}`);
  expect([stream.status, stream.body.code]).toEqual([401, "invalid_ticket"]);
  expect((await openRefused(door, `/ws/jobs/${id}?ticket=${second}`)).status).toBe(401);
});

it("so does a socket, and so do those of a bearer key", async () => {
  const { door, id, beat } = await openDoor();
  const { made } = await makeKey(door, { mode: "bearer" });
  const opened = openSocket(door, `/ws/jobs/${id}`, { authorization: `Bearer ${made.token}` });
  await once(opened.socket, "open");
  await revoke(door, made.id);
  beat();
  expect(await opened.closed).toBe(1008);
});

it("a stream stays open while its key is rotated, and ends with its key", async () => {
  const { door, made, id, beat } = await openDoor();
  const path = `/api/v1/jobs/${id}/events`;
  const { until } = createReader(await fetch(door.url + path, { headers: signNow(path, made) }));
  await until("queued");
  await post(door, `${KEYS}/${made.id}/rotate`, { overlapSeconds: 0 });
  beat();
  await until(": keep-alive");
});

it("no scope, no stream: a key that may not read opens none", async () => {
  const { door, id } = await openDoor();
  const { made } = await makeKey(door, { mode: "bearer", scopes: ["generate"] });
  expect((await bear(door, "GET", `/api/v1/jobs/${id}/events`, made.token)).status).toBe(403);
});
