import { toNounPhrase, withAdjective } from "./noun-phrase.ts";

/** Who is in the picture. */
export interface Subject {
  /** Reads on after "a portrait of"; undefined when the description is sentences rather than a name for someone. */
  readonly who?: string;
  /** Further sentences, without a full stop at the end. */
  readonly details?: string;
}

const order =
  /^(?:please\s+)?(?:(?:create|make|draw|paint|generate|render|show|give)(?:\s+me)?\s+)?(?:an?\s+|the\s+)?(?:portrait|picture|image|photo|photograph|headshot|drawing|painting|sketch|illustration)\s+of\s+/i;
const pronoun = /^(?:she|he|they|it|we|i|you|there|here)(?:['’]\w+)?\s/i;
// The three letters before the stop keep "Dr. Watson" and "St. Nicholas" whole.
const sentenceEnd = /(?<=\p{L}{3}|\d)[.!?]+(?:\s+|$)/u;

const genderWords: ReadonlyMap<string, string> = new Map([
  ["f", "female"],
  ["female", "female"],
  ["woman", "female"],
  ["girl", "female"],
  ["m", "male"],
  ["male", "male"],
  ["man", "male"],
  ["boy", "male"],
  ["nonbinary", "androgynous"],
  ["non-binary", "androgynous"],
  ["any", ""],
  ["none", ""],
  ["other", ""],
  ["unknown", ""],
  ["unspecified", ""],
]);

const alreadySaid: Readonly<Record<string, RegExp>> = {
  female:
    /\b(?:female|wom[ae]n|girls?|lady|queen|princess|she|her|mother|grandmother|daughter|sister|actress|bride)\b/i,
  // "Fisherman" says it; "human" and the peoples that end alike do not.
  male: /\b(?:male|(?!\w*wom[ae]n|hum|germ|norm|rom|ottom|sham)\w*m[ae]n|boys?|gentleman|king|prince|he|his|father|grandfather|son|brother|actor|groom)\b/i,
};

function toGender(asked: string | undefined, description: string): string | undefined {
  if (!asked) return undefined;
  const gender = genderWords.get(asked.toLowerCase()) ?? asked;
  const isSaid = Object.hasOwn(alreadySaid, gender) && alreadySaid[gender]?.test(description);
  return isSaid ? undefined : gender || undefined;
}

/** Reads a description: "Viking warrior" becomes "a Viking warrior", "Portrait of an old sailor. Grey beard." its two parts. */
export function toSubject(description: string, gender?: string): Subject {
  const bare = description.replace(order, "") || description;
  const adjective = toGender(gender, bare);
  const whole = bare.replace(/[.!?\s]+$/, "");
  if (!whole) return {};
  if (pronoun.test(whole)) return { details: adjective ? `${whole}, ${adjective}` : whole };
  const stop = sentenceEnd.exec(whole);
  const who = toNounPhrase(stop ? whole.slice(0, stop.index) : whole);
  const details = stop ? whole.slice(stop.index + stop[0].length) : "";
  return { who: adjective ? withAdjective(who, adjective) : who, ...(details ? { details } : {}) };
}
