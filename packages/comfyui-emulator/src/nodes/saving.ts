import type { FilePlace, FileReference, NodeContext } from "../node.ts";
import { toPythonJson } from "../python/print-json.ts";
import { hasSimulatedAncestor, SIMULATED_NOTE } from "./simulated/ancestry.ts";

/**
 * The graph and every key of extra_pnginfo as JSON text: what ComfyUI embeds in each file that it saves. Files with
 * anything made up in them say so under one more key.
 */
export function metadataOf(context: NodeContext): Record<string, string> {
  const texts: Record<string, string> = { prompt: toPythonJson(context.prompt) };
  for (const [key, value] of Object.entries(context.extraPngInfo ?? {})) texts[key] = toPythonJson(value);
  if (hasSimulatedAncestor(context.prompt, context.nodeId)) texts.comment = SIMULATED_NOTE;
  return texts;
}

/** Numbered files that belong to one output: `prefix_00001_.png`, `prefix_00002_.png`… */
export interface NumberedFiles {
  readonly prefix: string;
  readonly type: "output" | "temp";
  /** Without the dot. */
  readonly extension: string;
  readonly count: number;
  readonly size?: { width: number; height: number };
}

/** Saves files one after the other; `encode` is asked for each when its turn comes. */
export async function saveNumbered(
  context: NodeContext,
  files: NumberedFiles,
  encode: (index: number) => Promise<Uint8Array>,
): Promise<FileReference[]> {
  const place = await context.files.place(files.prefix, files.type, files.size);
  const references: FileReference[] = [];
  for (let index = 0; index < files.count; index++) {
    const name = numberedName(place, place.counter + index, index, files.extension);
    references.push(await context.files.write(place, name, await encode(index)));
  }
  return references;
}

function numberedName(place: FilePlace, counter: number, index: number, extension: string): string {
  const stem = place.filename.replaceAll("%batch_num%", String(index));
  return `${stem}_${String(counter).padStart(5, "0")}_.${extension}`;
}

/** The prefix of previews: five letters chosen anew for each context, as each node instance of ComfyUI does. */
export function temporaryPrefix(context: NodeContext): string {
  const letters = "abcdefghijklmnopqrstupvxyz";
  let value = [...`${context.promptId}/${context.nodeId}`].reduce(
    (sum, letter) => (sum * 31 + letter.charCodeAt(0)) >>> 0,
    7,
  );
  let word = "";
  for (let index = 0; index < 5; index++) {
    word += letters.charAt(value % letters.length);
    value = Math.floor(value / letters.length);
  }
  return `ComfyUI_temp_${word}`;
}
