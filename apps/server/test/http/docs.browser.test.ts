import { existsSync } from "node:fs";
import { chromium } from "playwright-core";
import { describe, expect, it } from "vitest";
import { startDoor } from "./start-door.ts";

const executablePath = "/usr/bin/chromium";
const present = existsSync(executablePath);
const demanded = process.env.REQUIRE_CHROMIUM === "1";

describe.skipIf(!present && !demanded)(`in a browser${present ? "" : ` (skipped: no ${executablePath})`}`, () => {
  it("the reference shows the routes, asks nobody else for anything and breaks no policy", async () => {
    const door = await startDoor();
    const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
    try {
      const tab = await browser.newPage();
      const elsewhere: string[] = [];
      const complaints: string[] = [];
      tab.on("request", (request) => {
        const url = request.url();
        if (!url.startsWith(door.url) && !/^(data|blob):/.test(url)) elsewhere.push(url);
      });
      tab.on("console", (message) => {
        if (message.type() === "error") complaints.push(message.text());
      });
      tab.on("pageerror", (error) => complaints.push(error.message));
      await tab.goto(`${door.url}/docs`);
      await tab.getByText("Queue a portrait").first().waitFor();
      expect({ elsewhere, complaints }).toEqual({ elsewhere: [], complaints: [] });
    } finally {
      await browser.close();
    }
  }, 60_000);
});
