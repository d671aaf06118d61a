import type { PictureFamily } from "../picture/families.ts";
import type { PictureWords } from "../picture/plan.ts";
import { isSingular, withArticle } from "./noun-phrase.ts";
import { type PortraitStyle, toStyle } from "./styles.ts";
import { type Subject, toSubject } from "./subject.ts";

/**
 * How a portrait prompt is written. The subject comes first, because both families weigh early words most; then gaze, light, lens and
 * finish, in sentences for Flux and in tags for SDXL. One person, face to the camera, eyes sharp: that is also what lip-sync needs. What the
 * caller has already decided (framing, light, background, where the person looks) is never contradicted.
 */
export interface PortraitWish {
  readonly description: string;
  readonly style?: string | undefined;
  readonly expression?: string | undefined;
  readonly gender?: string | undefined;
  readonly negative?: string | undefined;
}

const framingWords =
  /\b(?:full[- ]?body|full[- ]?length|head to toe|half[- ]?body|waist[- ]up|knees?[- ]up|bust|close[- ]?up|headshot|wide shot)\b/i;
const gazeWords =
  /\b(?:looking|looks (?:at|away|up|down|into|over|to)|gaz(?:es|ing)|facing|profile|side view|from behind|eyes closed|asleep|sleeping)\b/i;
const lightWords =
  /\b(?:light(?:ing|s)|(?:\w+[- ]?)?lit|(?:sun|moon|fire|torch|candle|spot|back|lamp|star|day)light|light(?! (?:brown|blond\w*|blue|green|gr[ae]y|hair|eyes|skin))|sun(?:set|rise|ny)?|neon|candles?|torch|golden hour|dusk|dawn|at night|silhouette)\b/i;
const backgroundWords = /\b(?:background|backdrop|in front of)\b/i;

/** What the caller leaves to us. */
function openQuestions({ description, expression }: PortraitWish) {
  const said = `${description} ${expression ?? ""}`;
  return {
    framing: !framingWords.test(said),
    gaze: !gazeWords.test(said),
    light: !lightWords.test(said),
    background: !backgroundWords.test(said),
  };
}

const isFaceNoun = /\b(?:smile|grin|frown|laugh|smirk|scowl|stare|gaze|look|glance|face|expression)$/i;

function expressionSentence(expression: string): { readonly clause: string } | { readonly sentence: string } {
  if (isFaceNoun.test(expression)) {
    return {
      clause: `with ${/^(?:an?|the|his|her|their)\s/i.test(expression) ? expression : withArticle(expression)}`,
    };
  }
  if (!expression.includes(" ")) return { clause: `with ${withArticle(expression)} expression` };
  return { sentence: `The expression is ${expression}.` };
}

const toSentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

function writeSentences(wish: PortraitWish, subject: Subject, style: PortraitStyle): string {
  const open = openQuestions(wish);
  const expression = wish.expression ? expressionSentence(wish.expression) : {};
  const clauses = [
    `${style.opening.replace("{framing}", open.framing ? "head-and-shoulders " : "")} of ${subject.who ?? "one person"}`,
    open.gaze ? style.gaze : "",
    "clause" in expression ? expression.clause : "",
  ];
  const sentences = [
    `${clauses.filter(Boolean).join(", ")}.`,
    subject.details ? toSentence(subject.details) : "",
    "sentence" in expression ? expression.sentence : "",
    open.light ? style.light : "",
    style.finish,
    open.background ? style.background : "",
  ];
  return sentences.filter(Boolean).join(" ");
}

const baseNegative =
  "deformed face, asymmetrical eyes, cross-eyed, bad anatomy, extra fingers, extra limbs, cropped head, out of frame, blurry, low quality, jpeg artifacts, watermark, signature, text";

const toTags = (sentences: string): string => sentences.replace(/[.!?;]+\s+/g, ", ");

const joinTags = (tags: readonly (string | undefined)[]): string => tags.filter(Boolean).join(", ");

function expressionTag(expression: string): string {
  return isFaceNoun.test(expression) || expression.includes(" ") ? expression : `${expression} expression`;
}

function writeTags(wish: PortraitWish, subject: Subject, style: PortraitStyle): PictureWords {
  const open = openQuestions(wish);
  const { tags } = style;
  const isOne = subject.who === undefined || isSingular(subject.who);
  const positive = joinTags([
    `${tags.medium} of ${subject.who ?? "one person"}`,
    subject.details && toTags(subject.details),
    wish.expression && expressionTag(wish.expression),
    open.framing ? "head and shoulders" : "",
    open.gaze ? "facing camera, looking at viewer" : "",
    open.light ? tags.light : "",
    tags.finish,
    open.background ? tags.background : "",
  ]);
  const negative = joinTags([wish.negative, tags.negative, isOne ? "multiple people" : "", baseNegative]);
  return { positive, negative };
}

/** The words of a portrait for one family of models. */
export function writePortraitWords(family: PictureFamily, wish: PortraitWish): PictureWords {
  const subject = toSubject(wish.description, wish.gender);
  const style = toStyle(wish.style);
  return family === "flux" ? { positive: writeSentences(wish, subject, style) } : writeTags(wish, subject, style);
}
