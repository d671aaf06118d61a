import { describe, expect, it, onTestFinished } from "vitest";
import { listen } from "../../../test/fetch/servers.ts";
import { createGuardedAgent } from "./guarded-agent.ts";
import { createOutgoing } from "./outgoing.ts";
import { isPublicAddress } from "./public-address.ts";
import { createRemoteFiles } from "./remote-files.ts";
import { createPublicPolicy, type Lookup, parseOutgoingUrl } from "./url-policy.ts";

const options = { sizeBytesMax: 1_000, signal: new AbortController().signal };
const noLookup: Lookup = async (hostname) => {
  throw new Error(`${hostname} was looked up`);
};

/** The rules of production with one change: http is allowed, so that a hole would show on a plain server. */
function setUp(lookup: Lookup = noLookup) {
  const policy = { ...createPublicPolicy(lookup), isHttpAllowed: true };
  const agent = createGuardedAgent(policy);
  onTestFinished(() => agent.destroy());
  return { agent, policy, files: createRemoteFiles({ policy, agent }) };
}

const notPublic = {
  code: "media_unusable",
  message: "The file could not be fetched: the address is not on the public internet.",
};

const literals = [
  "127.0.0.1",
  "127.0.0.1.",
  "0.0.0.0",
  "0",
  "2130706433",
  "0x7f000001",
  "0x7f.1",
  "127.1",
  "0177.0.0.01",
  "127.0.0.9",
  "１２７.0.0.1",
  "[::1]",
  "[::]",
  "[::127.0.0.1]",
  "[::ffff:127.0.0.1]",
  "[::ffff:7f00:1]",
  "[0:0:0:0:0:ffff:7f00:0001]",
  "[64:ff9b::7f00:1]",
  "[2002:7f00:1::]",
  "localhost",
  "LOCALHOST.",
  "a.localhost",
];

describe("the guard of outgoing addresses", () => {
  it.each(literals)("does not connect to this machine written as %s", async (host) => {
    const trap = await listen((_req, res) => res.end("secret"));
    const { files, agent } = setUp();
    const url = `http://${host}:${trap.port}/secret`;
    await expect(files.open(url, options)).rejects.toMatchObject(notPublic);
    expect(() => files.assertAllowed(url, "audio")).toThrow("audio: the address is not on the public internet");
    // The same address past the first check: the connection itself is guarded too.
    const { origin } = new URL(url);
    await expect(agent.request({ origin, path: "/secret", method: "GET" })).rejects.toThrow();
    expect(trap.hits).toEqual([]);
  });

  it.each([
    ["this machine", ["127.0.0.1"]],
    ["a private network", ["10.1.2.3"]],
    ["cloud metadata", ["169.254.169.254"]],
    ["a tailnet", ["100.100.100.100"]],
    ["a unique local address", ["fd00::1"]],
    ["an address in disguise", ["::ffff:127.0.0.1"]],
    ["a public and a private address at once", ["1.1.1.1", "127.0.0.1"]],
    ["nothing that is an address", ["localhost"]],
  ])("does not connect to a name of %s", async (_what, addresses) => {
    const trap = await listen((_req, res) => res.end("secret"));
    const { files } = setUp(async () => addresses);
    await expect(files.open(`http://innocent.example:${trap.port}/`, options)).rejects.toMatchObject(notPublic);
    expect(trap.hits).toEqual([]);
  });

  it("asks again at each connection: a name that turns to this machine after the first look gets nowhere", async () => {
    const trap = await listen((_req, res) => res.end("secret"));
    const answers = [["127.0.0.1"], ["127.0.0.9"], ["127.0.0.1"]];
    let looks = 0;
    const policy = {
      isHttpAllowed: true,
      isAddressAllowed: (address: string) => address === "127.0.0.1",
      lookup: async () => answers[looks++] ?? [],
    };
    const agent = createGuardedAgent(policy);
    onTestFinished(() => agent.destroy());
    const files = createRemoteFiles({ policy, agent });
    const url = `http://rebind.example:${trap.port}/`;
    const first = await files.open(url, options);
    // The first connection is still busy, so the next request needs another one.
    await expect(files.open(url, options)).rejects.toMatchObject(notPublic);
    expect(trap.hits).toHaveLength(1);
    expect(looks).toBe(2);
    for await (const chunk of first.body) expect(Buffer.from(chunk).toString()).toBe("secret");
  });

  it("looks at the socket once more before a byte is sent", async () => {
    const trap = await listen((_req, res) => res.end("secret"));
    let looks = 0;
    // Allowed as a literal, forbidden once connected: as if the lookup had been bypassed.
    const policy = { isHttpAllowed: true, isAddressAllowed: () => ++looks <= 2, lookup: noLookup };
    const agent = createGuardedAgent(policy);
    onTestFinished(() => agent.destroy());
    const files = createRemoteFiles({ policy, agent });
    await expect(files.open(`http://127.0.0.1:${trap.port}/`, options)).rejects.toMatchObject(notPublic);
    expect(trap.hits).toEqual([]);
  });

  it("does not go through the proxies of the environment", async () => {
    const proxy = await listen((_req, res) => res.end("proxied"));
    const target = await listen((_req, res) => res.end("direct"));
    for (const name of ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]) {
      const before = process.env[name];
      process.env[name] = `http://127.0.0.1:${proxy.port}`;
      onTestFinished(() => {
        if (before === undefined) delete process.env[name];
        else process.env[name] = before;
      });
    }
    const outgoing = createOutgoing({ arePrivateUrlsAllowed: true });
    onTestFinished(outgoing.close);
    const { body } = await outgoing.files.open(`http://localhost:${target.port}/`, options);
    for await (const chunk of body) expect(Buffer.from(chunk).toString()).toBe("direct");
    expect(proxy.hits).toEqual([]);
  });

  it.each([
    ["http://example.com/a.png", /expected an https address/],
    ["file:///etc/passwd", /expected an https address/],
    ["data:image/png;base64,AAAA", /expected an https address/],
    ["ftp://example.com/", /expected an https address/],
    ["not an address", /expected an https address/],
    ["https://user:pass@example.com/", /without a user name/],
    ["https://127.0.0.1/", /not on the public internet/],
    ["https://[::1]/", /not on the public internet/],
  ])("refuses %s at once, in production", (url, sentence) => {
    const { files, close } = createOutgoing({ arePrivateUrlsAllowed: false });
    onTestFinished(close);
    expect(() => files.assertAllowed(url, "callbackUrl")).toThrow(sentence);
    expect(() => files.assertAllowed(url, "callbackUrl")).toThrow(/^callbackUrl: /);
    expect(() => files.assertAllowed("https://example.com:8443/a?b", "callbackUrl")).not.toThrow();
  });

  it("opens this machine only when that was asked for", () => {
    const { files, close } = createOutgoing({ arePrivateUrlsAllowed: true });
    onTestFinished(close);
    expect(() => files.assertAllowed("http://127.0.0.1:3000/hook", "callbackUrl")).not.toThrow();
    expect(() => files.assertAllowed("file:///etc/passwd", "callbackUrl")).toThrow(/expected an http or https/);
    expect(() => files.assertAllowed("http://user:pass@127.0.0.1/", "callbackUrl")).toThrow(/without a user name/);
  });
});

describe("ports", () => {
  it.each([22, 25, 6379, 27017])("%i is refused: whoever listens there speaks no HTTP", (port) => {
    expect(() => parseOutgoingUrl(`https://example.com:${port}/`, createPublicPolicy())).toThrow(/no web server/);
  });

  it.each(["", ":443", ":8443", ":3000"])('"%s" is fine', (port) => {
    expect(parseOutgoingUrl(`https://example.com${port}/`, createPublicPolicy()).hostname).toBe("example.com");
  });
});

describe("the public internet", () => {
  it.each(["1.1.1.1", "93.184.216.34", "172.32.0.1", "2606:4700::1111", "2a00:1450:4001::1"])("has %s", (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });

  it.each([
    ...["0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.255.255"],
    ...["169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.168.1.1", "198.18.0.1"],
    ...["198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"],
    ...["168.63.129.16", "::ffff:168.63.129.16", "::ffff:10.0.0.1", "::ffff:0:10.0.0.1"],
    ...["::", "::1", "::7f00:1", "::127.0.0.1", "fc00::1", "fd12::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1"],
    ...["64:ff9b::a00:1", "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2002:a00:1::", "3fff::1", "4000::1"],
    ...["", "localhost", "example.com", "1.1.1.1.1", " 1.1.1.1"],
  ])("does not have %j", (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });
});
