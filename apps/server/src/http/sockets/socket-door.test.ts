import { once } from "node:events";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { ClientOptions } from "ws";
import { toSignedInit } from "../../../test/http/call.ts";
import { openRefused, openSocket, submit } from "../../../test/http/open-socket.ts";
import { signNow } from "../../../test/http/sign-now.ts";
import { PRO_KEY, SECRET, startDoor } from "../../../test/http/start-door.ts";
import type { Authenticate } from "../../access/authenticate.ts";
import { AppError } from "../../errors.ts";

describe("a socket", () => {
  it("tells where the job stands, what happens, and its end; then it closes", async () => {
    const door = await startDoor({ isIdle: true });
    const { id, path } = await submit(door);
    const { messages, closed } = openSocket(door, path);
    await expect.poll(() => messages.length).toBe(1);
    door.events.publish(id, { type: "running" });
    door.events.publish(id, { type: "progress", value: 0.5, node: "5" });
    await door.complete(id);
    expect(await closed).toBe(1000);
    expect(messages.map(({ type }) => type)).toEqual(["queued", "running", "progress", "completed"]);
    for (const message of messages) expect(message.id).toMatch(/^\w+-\d+$/);
  });

  it("gives the terminal event the id that the event stream gives it, and says nothing to who has seen it", async () => {
    const door = await startDoor();
    const { id, path } = await submit(door);
    const { messages, closed } = openSocket(door, path);
    await closed;
    const events = `/api/v1/jobs/${id}/events`;
    const stream = await fetch(door.url + events, { headers: signNow(events, { key: PRO_KEY, secret: SECRET }) });
    const last = messages.at(-1);
    expect(await stream.text()).toContain(`id: ${last?.id}\n`);
    const again = openSocket(door, `${path}?lastEventId=${last?.id}`);
    expect(await again.closed).toBe(1000);
    expect(again.messages).toEqual([]);
  });

  it("shows previews to who asks for them", async () => {
    const door = await startDoor({ isIdle: true });
    const { id, path } = await submit(door);
    const asks = openSocket(door, `${path}?preview=true`);
    const doesNot = openSocket(door, path);
    await expect.poll(() => [asks.messages.length, doesNot.messages.length]).toEqual([1, 1]);
    door.events.publish(id, { type: "preview", mediaType: "image/jpeg", data: "AQID" });
    await expect.poll(() => asks.messages.at(-1)).toMatchObject({ type: "preview", data: "AQID" });
    await door.complete(id);
    await Promise.all([asks.closed, doesNot.closed]);
    expect(doesNot.messages.map(({ type }) => type)).not.toContain("preview");
  });

  it("checks a signature that is there although the key would do", async () => {
    const door = await startDoor({ isIdle: true });
    const { path } = await submit(door);
    const sign = async (secret?: string) =>
      Object.fromEntries(new Headers((await toSignedInit("GET", path, { ...(secret && { secret }) })).headers));
    const { messages } = openSocket(door, path, await sign());
    await expect.poll(() => messages.length).toBe(1);
    const forged = await openRefused(door, path, await sign("another secret of a stranger"));
    expect(forged).toMatchObject({ status: 401, body: { code: "invalid_signature" } });
  });

  it("is closed with 1001 when the service drains, and leaves the job alone when it goes", async () => {
    const door = await startDoor({ isIdle: true });
    const { id, path } = await submit(door);
    const { messages, closed } = openSocket(door, path);
    await expect.poll(() => messages.length).toBe(1);
    await door.server.drain(AbortSignal.timeout(5_000));
    expect(await closed).toBe(1001);
    expect((await door.jobs.find(id))?.state).toBe("pending");
  });

  it("is cut for a message of any size, which nobody asked for", async () => {
    const door = await startDoor({ isIdle: true });
    const { path } = await submit(door);
    const { socket, closed } = openSocket(door, path);
    await once(socket, "open");
    socket.send("x".repeat(10_000));
    expect(await closed).toBe(1009);
  });

  it("spares a slow listener what newer progress has overtaken, and never the end", async () => {
    const door = await startDoor({ isIdle: true });
    const { id, path } = await submit(door);
    const { socket, messages, closed } = openSocket(door, `${path}?preview=true`);
    await expect.poll(() => messages.length).toBe(1);
    socket.pause();
    const data = "A".repeat(60_000);
    for (let n = 1; n <= 2_000; n++) {
      door.events.publish(id, { type: "preview", mediaType: "image/png", data });
      if (n % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await door.complete(id);
    socket.resume();
    expect(await closed).toBe(1000);
    expect(messages.at(-1)?.type).toBe("completed");
    expect(messages.length).toBeLessThan(1_000);
  });

  it("is forgotten when its listener hangs up in the middle", async () => {
    const door = await startDoor({ isIdle: true });
    const { id, path } = await submit(door);
    const { socket, messages } = openSocket(door, path);
    await expect.poll(() => messages.length).toBe(1);
    expect(door.events.hasListener(id)).toBe(true);
    socket.terminate();
    // The cancel of a lost request still listens where there is one; here only the socket did.
    await expect.poll(() => door.events.hasListener(id)).toBe(false);
  });
});

describe("a heartbeat", () => {
  const HEARTBEAT_MS = 15_000;

  /** An open socket, and the next heartbeats at a word. */
  async function openSilent(options: ClientOptions) {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    onTestFinished(() => void vi.useRealTimers());
    let [isRevoked, isDatabaseGone] = [false, false];
    const { deps } = await startDoor();
    const isStillWelcome: Authenticate["isStillWelcome"] = async (caller) => {
      if (isDatabaseGone) throw new AppError("unavailable", "The database cannot be reached.");
      return !isRevoked && deps.authenticate.isStillWelcome(caller);
    };
    const door = await startDoor({ isIdle: true, deps: { authenticate: { ...deps.authenticate, isStillWelcome } } });
    const { path } = await submit(door);
    const opened = openSocket(door, path, signNow(path, { key: PRO_KEY, secret: SECRET }), options);
    await once(opened.socket, "open");
    return {
      ...opened,
      beat: () => vi.advanceTimersByTime(HEARTBEAT_MS),
      revoke: () => {
        isRevoked = true;
      },
      setDatabaseGone: (isGone: boolean) => {
        isDatabaseGone = isGone;
      },
    };
  }

  it("keeps a socket open whose peer answers, and closes it with 1008 once the key is no longer valid", async () => {
    const { socket, closed, beat, revoke } = await openSilent({});
    for (let n = 0; n < 3; n++) {
      const pinged = once(socket, "ping");
      beat();
      await pinged;
      // Its answer arrives before the next one is looked for.
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    revoke();
    beat();
    expect(await closed).toBe(1008);
  });

  it("keeps a socket open over a moment in which the database cannot be asked, and asks again after it", async () => {
    const { socket, closed, beat, revoke, setDatabaseGone } = await openSilent({});
    let isOpen = true;
    void closed.then(() => {
      isOpen = false;
    });
    for (const isGone of [true, false]) {
      setDatabaseGone(isGone);
      const pinged = once(socket, "ping");
      beat();
      await pinged;
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(isOpen).toBe(true);
    }
    revoke();
    beat();
    expect(await closed).toBe(1008);
  });

  it("cuts a peer that does not answer", async () => {
    const { closed, beat } = await openSilent({ autoPong: false });
    beat();
    beat();
    expect(await closed).toBe(1006);
  });
});
