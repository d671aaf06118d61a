import { blend, type Canvas, charactersPer, drawText, hsl, lineHeight } from "./canvas.ts";

const PAPER = [1, 1, 1] as const;
const INK = [0.04, 0.045, 0.07] as const;

export interface Banner {
  /** The first line, always shown. */
  readonly title: string;
  /** Wrapped over as many lines as may be used; what does not fit ends in an ellipsis. */
  readonly text?: string;
  /** The last line. */
  readonly note?: string;
}

/** Writes a dark band over the foot (or head) of the picture that says what it is. */
export function drawBanner(canvas: Canvas, banner: Banner, place: "foot" | "head" = "foot"): void {
  const dot = Math.max(1, Math.round(Math.min(canvas.width, canvas.height) / 340));
  const margin = 5 * dot;
  const perLine = charactersPer(canvas.width - 2 * margin, dot);
  const linesMax = Math.max(1, Math.floor((canvas.height * 0.3) / lineHeight(dot)) - 2);
  const lines = [
    ...wrapText(banner.title, perLine, 2),
    ...wrapText(banner.text ?? "", perLine, linesMax),
    ...wrapText(banner.note ?? "", perLine, 1),
  ];
  const height = lines.length * lineHeight(dot) + 2 * margin;
  const top = place === "foot" ? canvas.height - height : 0;
  for (let y = Math.max(0, top); y < Math.min(canvas.height, top + height); y++) {
    for (let x = 0; x < canvas.width; x++) blend(canvas, x, y, INK, 0.86);
  }
  const titleLines = wrapText(banner.title, perLine, 2).length;
  lines.forEach((line, index) => {
    const isNote = banner.note !== undefined && index === lines.length - 1;
    const colour = index < titleLines ? hsl(0.115, 0.95, 0.66) : isNote ? hsl(0.6, 0.25, 0.75) : PAPER;
    drawText(canvas, line, { x: margin, y: top + margin + dot + index * lineHeight(dot), dot }, colour);
  });
}

/** Breaks a text at spaces into lines of at most `perLine` characters; longer words are cut. */
export function wrapText(text: string, perLine: number, linesMax: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/).filter((part) => part !== "")) {
    for (let rest = [...word]; rest.length > 0; ) {
      const room = line === "" ? perLine : perLine - [...line].length - 1;
      if (rest.length > room && line !== "") {
        lines.push(line);
        line = "";
        continue;
      }
      line += (line === "" ? "" : " ") + rest.slice(0, room).join("");
      rest = rest.slice(room);
    }
  }
  if (line !== "") lines.push(line);
  if (lines.length <= linesMax) return lines;
  const last = lines[linesMax - 1] ?? "";
  return [...lines.slice(0, linesMax - 1), `${[...last].slice(0, perLine - 1).join("")}…`];
}
