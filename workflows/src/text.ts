// Control and format characters carry no words, but a NUL ends strings in native code, ComfyUI keeps \u0000 and \u0001 as its own marks
// while it reads weights, and direction marks make a log line read as something else. Joiners (U+200C, U+200D) stay: scripts need them.
const unreadable = /[\p{Cc}\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/gu;

/**
 * A caller's text as one line of plain words: white space becomes single spaces, control and direction characters go, and lone
 * surrogates (which stop Python's tokenizers with an exception) become U+FFFD. Empty when nothing readable is left.
 */
export function toPlainText(text: string): string {
  return text
    .replace(/[\s\u0085]+/gu, " ")
    .replace(unreadable, "")
    .toWellFormed()
    .replace(/ {2,}/g, " ")
    .trim();
}

/**
 * Plain text as the `text` of a CLIPTextEncode node. There, parentheses are weights (`(word:1.2)`) and `embedding:name` loads a file of
 * the backend; callers send words, so both are made literal: parentheses are escaped, and the colon is set apart from `embedding`.
 */
export function toPromptText(plain: string): string {
  return plain.replace(/embedding(?=:)/gi, "$& ").replace(/\\*([()])/g, "\\$1");
}

/** Plain text as words to be spoken. Braces choose a voice in F5-TTS (`{name}`), so they become parentheses. */
export function toSpeechText(plain: string): string {
  return plain.replaceAll("{", "(").replaceAll("}", ")");
}
