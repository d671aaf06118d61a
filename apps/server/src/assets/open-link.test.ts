import { buffer } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { heads } from "../../test/assets/files.ts";
import { createMemoryLinkKeys } from "../../test/assets/memory-records.ts";
import { never, parseLink, publicUrl, setUpAssets, toStream } from "../../test/assets/set-up.ts";
import { createManualClock } from "../../test/manual-clock.ts";
import { createId } from "../ids.ts";
import { createLinkSigner } from "./link-signer.ts";

async function setUp(file: keyof typeof heads = "png", name = "Porträt 'a'.png") {
  const rooms = await setUpAssets();
  const stored = await rooms.storeFile({
    name,
    body: toStream(heads[file]),
    source: "output",
    sizeBytesMax: 100_000,
    signal: never,
  });
  const asset = await rooms.records.insert("env:one", stored);
  return { ...rooms, asset, url: await rooms.links.sign(asset) };
}

describe("a signed link", () => {
  it("opens the bytes for whoever holds it", async () => {
    const { openLink, url, asset } = await setUp();
    expect(url.startsWith(`${publicUrl}/outputs/${asset.id}/`)).toBe(true);
    const link = await openLink(parseLink(url));
    expect(link.asset).toEqual(asset);
    expect((await buffer(await link.open(undefined, never))).equals(heads.png)).toBe(true);
    expect((await buffer(await link.open({ start: 1, end: 3 }, never))).toString()).toBe("PNG");
  });

  it("lives for at least an hour, then says that it has expired", async () => {
    const { openLink, url, clock } = await setUp();
    clock.advance(3_600_000);
    await expect(openLink(parseLink(url))).resolves.toBeDefined();
    clock.advance(300_000);
    await expect(openLink(parseLink(url))).rejects.toMatchObject({ code: "link_expired", status: 403 });
  });

  it("stays the same from one poll to the next, so that caches work", async () => {
    const { links, asset, url, clock } = await setUp();
    clock.advance(-(clock.nowMs() % 300_000) + 1);
    const first = await links.sign(asset);
    clock.advance(299_000);
    expect(await links.sign(asset)).toBe(first);
    clock.advance(301_000);
    expect(await links.sign(asset)).not.toBe(first);
    expect(url).toContain("expires=");
  });

  it("cannot be changed in any part", async () => {
    const { openLink, links, asset, url, records } = await setUp();
    const other = await records.insert("env:two", {
      ...{ id: createId(), name: asset.name, type: asset.type, source: "output" },
      blob: { sha256: asset.sha256, sizeBytes: 1, location: "aa/bb" },
    });
    const link = parseLink(url);
    const attachment = parseLink(await links.sign(asset, "attachment"));
    const forged = [
      { ...link, assetId: other.id },
      { ...link, assetId: asset.id.toUpperCase() },
      { ...link, expires: String(Number(link.expires) + 1) },
      { ...link, expires: `0${link.expires}` },
      { ...link, expires: "9".repeat(13) },
      { ...link, expires: "1e12" },
      { ...link, expires: undefined },
      { ...link, keyId: "k2" },
      { ...link, keyId: "__proto__" },
      { ...link, keyId: undefined },
      { ...link, disposition: "attachment" },
      { ...link, disposition: "inline; x" },
      { ...attachment, disposition: undefined },
      { ...link, sig: undefined },
      { ...link, sig: "" },
      { ...link, sig: "A".repeat(43) },
      { ...link, sig: `${link.sig}=` },
      { ...link, name: "invoice.pdf" },
    ];
    for (const attempt of forged) {
      await expect(openLink(attempt), JSON.stringify(attempt)).rejects.toMatchObject({ code: "link_invalid" });
    }
  });

  it("outlives the key that signed it, as long as that key is kept", async () => {
    const clock = createManualClock();
    const [old, fresh] = [
      { id: "old", secret: Buffer.alloc(32, 1) },
      { id: "new", secret: Buffer.alloc(32, 2) },
    ];
    const options = { publicUrl: () => publicUrl, clock, ttlMs: 3_600_000 };
    const asset = { id: createId(), name: "a.png" };
    const link = parseLink(await createLinkSigner({ ...options, keys: createMemoryLinkKeys(old) }).sign(asset));
    const after = createLinkSigner({ ...options, keys: createMemoryLinkKeys(old, fresh) });
    await expect(after.verify(link)).resolves.toMatchObject({ assetId: asset.id });
    expect(await after.sign(asset)).toContain("key=new");
    const forgotten = createLinkSigner({ ...options, keys: createMemoryLinkKeys(fresh) });
    await expect(forgotten.verify(link)).rejects.toMatchObject({ code: "link_invalid" });
  });

  it("is refused a life under an hour when the service starts", () => {
    const keys = createMemoryLinkKeys({ id: "k", secret: Buffer.alloc(32) });
    const options = { keys, publicUrl: () => publicUrl, clock: createManualClock(), ttlMs: 3_599_999 };
    expect(() => createLinkSigner(options)).toThrow(/expected at least 3600000/);
  });

  it("says that the file is gone when it is", async () => {
    const { openLink, links, asset, url, blobs, records } = await setUp();
    const gone = { id: createId(), name: asset.name };
    await expect(openLink(parseLink(await links.sign(gone)))).rejects.toMatchObject({ code: "asset_not_found" });
    const link = await openLink(parseLink(url));
    await blobs.delete((await records.find(asset.id))?.location ?? "");
    await expect(link.open(undefined, never)).rejects.toMatchObject({ code: "output_unavailable", status: 502 });
  });
});

describe("the headers of a download", () => {
  it("show a picture in place, under its exact name", async () => {
    const { openLink, url } = await setUp();
    const { headers } = await openLink(parseLink(url));
    expect(headers).toEqual({
      "Content-Type": "image/png",
      "Content-Disposition": `inline; filename="Portr_t_a.png"; filename*=UTF-8''Portr%C3%A4t_a.png`,
      "X-Content-Type-Options": "nosniff",
      "Content-Security-Policy": "default-src 'none'; sandbox",
      "Cross-Origin-Resource-Policy": "cross-origin",
      "Referrer-Policy": "no-referrer",
    });
  });

  it("download a picture when the link says so", async () => {
    const { openLink, links, asset } = await setUp();
    const { headers } = await openLink(parseLink(await links.sign(asset, "attachment")));
    expect(headers["Content-Disposition"]).toMatch(/^attachment; /);
  });

  it.each(["svg", "html", "pdf", "zip", "text", "empty"] as const)(
    "never show %s in place, although a graph made it and called it a picture",
    async (file) => {
      const { openLink, url, asset } = await setUp(file, "page.png");
      const { headers } = await openLink(parseLink(url));
      expect(headers["Content-Disposition"]).toMatch(/^attachment; /);
      expect(headers["Content-Type"]).toBe(asset.type);
      expect(asset.type).not.toMatch(/^image|html|svg/);
    },
  );
});
