import { inGroup } from "../attack.ts";
import type { Target } from "../target/target.ts";
import { judge, type Try } from "../verdict.ts";
import { picture } from "./requests.ts";

const POLICY = "apps/server/src/adapters/fetch/url-policy.ts";
const ADDRESS = "apps/server/src/adapters/fetch/public-address.ts";

/** The places where a caller names an address that the service then goes to. */
async function nameEverywhere({ victim }: Target, url: string): Promise<readonly Try[]> {
  const face = { portrait_image: url, audio: "https://outside.test/voice.wav" };
  return [
    [`callback ${url}`, await victim.call("POST", "/image/async", { ...picture, callbackUrl: url })],
    [`endpoint ${url}`, await victim.call("POST", "/api/v1/webhooks", { url })],
    [`input ${url}`, await victim.call("POST", "/lipsync/async", face)],
    [`fetch ${url}`, await victim.call("POST", "/api/v1/uploads/fetch", { url })],
  ];
}

/** None of these addresses may be taken. */
const naming =
  (...urls: readonly string[]) =>
  async (target: Target) => {
    const tries: Try[] = [];
    for (const url of urls) tries.push(...(await nameEverywhere(target, url)));
    return judge(tries, [400]);
  };

export const addressAttacks = inGroup("outgoing", [
  {
    name: "the metadata of the cloud is named by its address",
    attack: naming(
      "https://169.254.169.254/latest/meta-data/",
      "https://10.0.0.1/",
      "https://192.168.0.1/",
      "https://127.0.0.1/",
      "https://0.0.0.0/",
    ),
    defence: { file: POLICY, find: "(isIP(host) !== 0 && !policy.isAddressAllowed(host))", replace: "false" },
  },
  {
    name: "a private address is spelled as a number",
    attack: naming(
      "https://2130706433/",
      "https://0x7f.1/",
      "https://0177.0.0.1/",
      "https://127.1/",
      "https://0xA9FEA9FE/",
    ),
    defence: {
      file: POLICY,
      find: "const host = toHost(url.hostname);",
      replace: 'const host = toHost(text.split("/")[2] ?? "");',
    },
  },
  {
    name: "a private address is written in IPv6",
    attack: naming(
      "https://[::1]/",
      "https://[::ffff:127.0.0.1]/",
      "https://[::ffff:7f00:1]/",
      "https://[fe80::1]/",
      "https://[fd00:ec2::254]/",
    ),
    defence: { file: POLICY, find: 'hostname.replace(/^\\[|\\]$/g, "")', replace: "hostname" },
  },
  {
    name: "a private address is wrapped into a form of IPv6 that libraries take for public",
    attack: naming("https://[::7f00:1]/", "https://[::a9fe:a9fe]/"),
    defence: {
      file: ADDRESS,
      find: 'return address.kind() === "ipv4" || ((address.toByteArray()[0] ?? 0) & 0xe0) === 0x20;',
      replace: "return true;",
    },
  },
  {
    name: "the tailnet and the carrier's network are named",
    attack: naming("https://100.64.0.1/", "https://100.100.100.100/", "https://198.18.0.1/", "https://224.0.0.1/"),
    defence: {
      file: ADDRESS,
      find: 'address.range() !== "unicast"',
      replace: '["private", "loopback", "linkLocal"].includes(address.range())',
    },
  },
  {
    name: "the host of a cloud is named by an address that looks public",
    attack: naming("https://168.63.129.16/machine"),
    defence: { file: ADDRESS, find: " || address.toString() === AZURE_HOST", replace: "" },
  },
  {
    name: "this machine is named by its name",
    attack: naming("https://localhost/", "https://LOCALHOST./", "https://metadata.localhost/"),
    defence: { file: POLICY, find: "if (isLocalName || ", replace: "if (" },
  },
  {
    name: "a plain http address is named",
    attack: async (target) => naming(`${target.outside.plainOrigin}/plain`)(target),
    defence: { file: POLICY, find: "return { isHttpAllowed: false,", replace: "return { isHttpAllowed: true," },
  },
  {
    name: "an address of another scheme is named",
    async attack({ victim }) {
      const urls = [
        "file:///etc/passwd",
        "gopher://127.0.0.1:6379/_FLUSHALL",
        "ftp://127.0.0.1/",
        "data:image/png;base64,AAAA",
        "javascript:alert(1)",
      ];
      const tries = urls.map(
        async (url): Promise<Try> => [url, await victim.call("POST", "/image/async", { ...picture, callbackUrl: url })],
      );
      return judge(await Promise.all(tries), [400]);
    },
    // Refused by the contract, and by what looks at addresses.
    defence: [
      {
        file: "contracts/api/src/fields.ts",
        find: "export const callbackUrl = z\n  .url({ protocol: /^https?$/ })",
        replace: "export const callbackUrl = z\n  .string()",
      },
      { file: POLICY, find: "if (!isSchemeAllowed) throw", replace: "if (false) throw" },
    ],
  },
  {
    name: "an address carries a user name to hide where it leads",
    attack: naming("https://user:password@outside.test/", "https://trusted.example@outside.test/"),
    defence: { file: POLICY, find: "if (url.username || url.password) throw", replace: "if (false) throw" },
  },
  {
    name: "an address names a port on which no web server listens",
    attack: naming(
      "https://outside.test:22/",
      "https://outside.test:25/",
      "https://outside.test:6379/",
      "https://outside.test:11211/",
    ),
    defence: { file: POLICY, find: "if (isOtherService(url.port)) throw", replace: "if (false) throw" },
  },
]);
