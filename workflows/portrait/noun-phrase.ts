const silentH = /^(?:hour|honest|honou?r|heir)/i;
// Written with a vowel, spoken with a consonant: "a unicorn", "a European", "a one-eyed man".
const spokenConsonant = /^(?:uni(?:que|corn|vers|form|cycl|t|on)|us[aeiu]|uk|ur[aeu]n|utop|eu|ewe|one\b|once\b)/i;

/** "a warrior", "an elf", "a unicorn", "an honest man". */
export function withArticle(phrase: string): string {
  const isVowel = silentH.test(phrase) || (/^[aeiou]/i.test(phrase) && !spokenConsonant.test(phrase));
  return `${isVowel ? "an" : "a"} ${phrase}`;
}

const determiners =
  "an? the my our your his her their this that these those some any each every one two three four five six several many both";
const opensWithDeterminer = new RegExp(`^(?:${determiners.replaceAll(" ", "|")}|\\d+)\\s`, "i");

// What may follow a noun: the words before it are the noun phrase itself.
const afterNoun =
  /[,;:(]|\s(?:with|without|in|on|at|by|from|of|for|to|under|near|inside|after|before|during|who|whose|that|and|or|as|wearing|holding|standing|sitting|looking|smiling|dressed|covered)(?=\s|$)/i;

const plural = /(?:[^siu]s|men|people|children|folk)$/;
const uncountable = /^(?:hair|armou?r|skin|makeup|clothing|royalty)$/;

/** Whether the phrase is a common noun in the singular without its article: "Viking warrior", but not "Albert Einstein" or "twins". */
function needsArticle(phrase: string): boolean {
  const noun = phrase.split(afterNoun)[0]?.trim().split(" ").at(-1) ?? "";
  return /^[a-z][a-z'’-]+$/.test(noun) && !plural.test(noun) && !uncountable.test(noun);
}

/** A description as it reads after "a portrait of": with an article where English wants one, and no capital on it. */
export function toNounPhrase(description: string): string {
  const opening = opensWithDeterminer.exec(description)?.[0];
  if (opening) return opening.toLowerCase() + description.slice(opening.length);
  return needsArticle(description) ? withArticle(description) : description;
}

/** Puts an adjective where it belongs: "a warrior" becomes "a female warrior"; a name or a plural gets it behind. */
export function withAdjective(phrase: string, adjective: string): string {
  const [, article, rest] = /^(an?|the) (.*)$/s.exec(phrase) ?? [];
  if (rest === undefined) return `${phrase}, ${adjective}`;
  return article === "the" ? `the ${adjective} ${rest}` : withArticle(`${adjective} ${rest}`);
}

/** Whether the phrase speaks of exactly one. */
export const isSingular = (phrase: string): boolean => /^(?:an?|one) /.test(phrase);
