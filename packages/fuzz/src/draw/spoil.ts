import { isRecord, type Json } from "../document/schema.ts";
import type { Random } from "../random.ts";

/** What no schema of ours expects. */
const ODD_VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1e308,
  2 ** 53,
  0.1,
  "",
  " ",
  "\0",
  "\u202e\ufeff",
  "𝕬é\u0301",
  "\ud800",
  "../../../../etc/passwd",
  "..%2f..%2fetc%2fpasswd",
  "{{7*7}}<%= 7*7 %>",
  "'; drop table jobs; --",
  "<script>alert(1)</script>",
  "(a+)+$",
  "http://169.254.169.254/latest/meta-data/",
  "file:///etc/passwd",
  "data:text/html,<p>",
  "x".repeat(5_000),
  [],
  [[[[[[]]]]]],
  {},
  { $ne: 1 },
  { toString: "no function" },
];

/** The value with one place changed into something that does not belong there. */
export function spoil(value: unknown, random: Random): unknown {
  if (!isRecord(value) || Object.keys(value).length === 0 || random.chance(0.1)) return random.pick(ODD_VALUES);
  const name = random.pick(Object.keys(value));
  const { [name]: inner, ...rest } = value;
  const ways: readonly (() => Json)[] = [
    () => rest,
    () => ({ ...value, [name]: random.pick(ODD_VALUES) }),
    () => ({ ...value, [name]: isRecord(inner) ? spoil(inner, random) : random.pick(ODD_VALUES) }),
    () => ({ ...value, unexpected_field: random.pick(ODD_VALUES) }),
    () => JSON.parse(`{"__proto__":{"isAdmin":true},"constructor":{"prototype":{"x":1}}}`) as Json,
  ];
  return random.pick(ways)();
}

/** A text that is no value of anything: bytes that only claim to be JSON. */
export function drawGarbage(random: Random): string {
  return random.pick([
    "",
    "{",
    "[1,2",
    "NaN",
    '{"a":1}{"b":2}',
    '{"description":"a","description":"b"}',
    `${"[".repeat(2_000)}${"]".repeat(2_000)}`,
    `{"description":"${"a".repeat(200_000)}"}`,
    "\ufeff{}",
    "\u0000\u0001\u0002",
    "description=a&b=c",
  ]);
}

export const pickOdd = (random: Random): unknown => random.pick(ODD_VALUES);
