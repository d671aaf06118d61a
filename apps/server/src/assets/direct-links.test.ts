import { expect, it } from "vitest";
import { createManualClock } from "../../test/manual-clock.ts";
import { silentLog } from "../log.ts";
import { createDirectLinks } from "./direct-links.ts";
import type { DirectLink } from "./object-store.ts";

const key = `aa/${"a".repeat(64)}`;

function setUp(found: Partial<{ location: string; type: string }> | undefined = {}, isDown = false) {
  const signed: (DirectLink & { key: string })[] = [];
  const clock = createManualClock();
  const asset = {
    ...{ id: "1", ownerId: "o", name: "portrait.png", type: "image/png", sizeBytes: 1, sha256: "", createdAtMs: 0 },
    location: `s3:${key}`,
  };
  const links = createDirectLinks({
    objects: {
      name: "s3",
      async sign(name, link) {
        if (isDown) throw new Error("down");
        signed.push({ ...link, key: name });
        return `https://store/${signed.length}`;
      },
    },
    records: { find: async () => ({ ...asset, ...found }) },
    own: { sign: async () => "https://ours/" },
    clock,
    log: silentLog,
    ttlMs: 3_600_000,
  });
  return { links, signed, clock, asset };
}

it("a direct link leads to the store, names the file and its type, and works for an hour at least whenever it is handed out", async () => {
  const { links, signed, clock, asset } = setUp();
  expect(await links.sign(asset)).toBe("https://store/1");
  expect(signed).toEqual([{ key, name: "portrait.png", type: "image/png", disposition: "inline", ttlSeconds: 3_900 }]);
  clock.advance(299_000);
  expect(await links.sign(asset)).toBe("https://store/1");
  clock.advance(2_000);
  expect(await links.sign(asset)).toBe("https://store/2");
  expect(await links.sign(asset, "attachment")).toBe("https://store/3");
});

it("what a browser could run is an attachment, whatever is asked for", async () => {
  const { links, signed, asset } = setUp({ type: "text/html" });
  await links.sign(asset, "inline");
  expect(signed[0]?.disposition).toBe("attachment");
});

it("a file that is not in the store gets our own link", async () => {
  const { links, asset } = setUp({ location: key });
  expect(await links.sign(asset)).toBe("https://ours/");
});

it("while the store signs nothing our own link is given, and the store is asked again", async () => {
  const { links, asset } = setUp({}, true);
  expect(await links.sign(asset)).toBe("https://ours/");
});
