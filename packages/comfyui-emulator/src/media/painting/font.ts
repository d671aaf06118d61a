/** Columns and rows of a glyph; the eighth row is for descenders. */
export const GLYPH_WIDTH = 5;
export const GLYPH_HEIGHT = 8;

/** One glyph per entry: its character, then one base-32 digit per row, whose five bits are the dots. */
const GLYPHS = `
!4444404|"aaa0000|#aavavaa|$4fke5u4|%op248j3|&cik8lid|'4400000|(2488842|)8422248|*04lel40|+044v440|,00000448
-000e000|.00000cc|/11248gg|00ehjlphe|14c4444e|2eh1248v|3v2421he|426aiv22|5vgu11he|668guhhe|7v124888|8ehhehhe|9ehhf12c
:0cc0cc0|;0cc0c48|<248g842|=00v0v00|>8421248|?eh12404|@ehnlnge|Aehhvhhh|Buhhuhhu|Cehggghe|Duhhhhhu|Evgguggv|Fvgguggg
Gehgnhhf|Hhhhvhhh|Ie44444e|J72222ic|Khikokih|Lggggggv|Mhrllhhh|Nhhpljhh|Oehhhhhe|Puhhuggg|Qehhhlid|Ruhhukih|Sfgge11u
Tv444444|Uhhhhhhe|Vhhhhha4|Whhhllla|Xhha4ahh|Yhhha444|Zv1248gv|[e88888e|\\gg84211|]e22222e|^4ah0000|_0000000v|\`8400000
a00e1fhf|bggmphhu|c00egghe|d11djhhf|e00ehvge|f698s888|g00fhhf1e|hggmphhh|i40c444e|j206222ic|kggikoki|lc44444e|m00qllhh
n00mphhh|o00ehhhe|p00uhhugg|q00fhhf11|r00mpggg|s00fge1u|t88s8896|u00hhhjd|v00hhha4|w00hhlla|x00ha4ah|y00hhhf1e|z00v248v
{6448446|}c44244c|~008l200|–000v000|…00000l0`;

const UNKNOWN = toRows("vhhhhhv");

const glyphs = readGlyphs();

/** The rows of a character, top first, leftmost dot in bit 4. Accents are left out, what is unknown is a box. */
export function glyphOf(character: string): readonly number[] {
  return glyphs.get(character) ?? glyphs.get(character.normalize("NFD").charAt(0)) ?? UNKNOWN;
}

function readGlyphs(): Map<string, readonly number[]> {
  const table = new Map<string, readonly number[]>([
    [" ", toRows("0")],
    ["|", toRows("4444444")],
  ]);
  for (const entry of GLYPHS.split(/[|\n]/)) {
    const character = entry.charAt(0);
    if (entry.length > 1) table.set(character, toRows(entry.slice(1)));
  }
  return table;
}

function toRows(digits: string): readonly number[] {
  return Array.from({ length: GLYPH_HEIGHT }, (_, row) => Number.parseInt(digits.charAt(row) || "0", 32));
}
