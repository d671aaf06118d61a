import { existsSync } from "node:fs";
import { chromium } from "playwright-core";
import { describe, expect, it } from "vitest";
import { exampleGraph, openEmulator, run, uploadInputs } from "./session.ts";

const executablePath = "/usr/bin/chromium";
const present = existsSync(executablePath);
const demanded = process.env.REQUIRE_CHROMIUM === "1";

// Plays the film; answers with how far it came and what the browser decoded of it.
const play = `
  globalThis.playFilm = async (source) => {
    const video = document.createElement("video");
    video.muted = true;
    video.src = source;
    document.body.append(video);
    await video.play();
    await new Promise((resolve, reject) => {
      video.onended = resolve;
      video.onerror = () => reject(new Error(video.error?.message ?? "the film does not play"));
      video.ontimeupdate = () => video.currentTime > 0.5 && resolve();
    });
    const { width, height } = { width: video.videoWidth, height: video.videoHeight };
    const seconds = video.currentTime;
    const frames = video.getVideoPlaybackQuality().totalVideoFrames;
    const soundBytes = video.webkitAudioDecodedByteCount;
    video.remove();
    return { width, height, seconds, duration: video.duration, frames, soundBytes };
  };
`;

interface Played {
  readonly width: number;
  readonly height: number;
  readonly seconds: number;
  readonly duration: number;
  readonly frames: number;
  readonly soundBytes: number;
}

describe.skipIf(!present && !demanded)(`in a browser${present ? "" : ` (skipped: no ${executablePath})`}`, () => {
  it("plays a lip-sync film with its sound", { timeout: 90_000 }, async () => {
    const emulator = await openEmulator();
    await uploadInputs(emulator);
    const graph = exampleGraph("sonic_lipsync_core_video");
    Object.assign(graph.pre?.inputs ?? {}, { min_resolution: 192 });
    const entry = await run(emulator, graph);
    const file = entry.outputs.save?.images?.[0];
    const film = `/view?filename=${file?.filename}&subfolder=${file?.subfolder}&type=output`;
    const browser = await chromium.launch({
      executablePath,
      args: ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"],
    });
    try {
      const tab = await browser.newPage();
      // Any page of the same origin will do; this one is JSON.
      await tab.goto(`${emulator.url}/prompt`);
      await tab.evaluate(play);
      const played: Played = await tab.evaluate(`playFilm(${JSON.stringify(film)})`);
      expect([played.width, played.height]).toEqual([192, 256]);
      expect(played.seconds).toBeGreaterThan(0.4);
      expect(played.duration).toBeGreaterThan(1);
      expect(played.frames).toBeGreaterThan(5);
      expect(played.soundBytes).toBeGreaterThan(0);
    } finally {
      await browser.close();
    }
  });
});
