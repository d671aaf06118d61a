/**
 * Records what a real ComfyUI makes of the picture and sound cases, as fixtures for the suite:
 *
 *     node --conditions=@comfy/source record.ts http://127.0.0.1:8188
 */
import { mkdir, writeFile } from "node:fs/promises";
import { argv, exit, stderr } from "node:process";
import { uploadInputs } from "./inputs.ts";
import { fetchFiles } from "./outputs.ts";
import { pictureCases } from "./picture-cases.ts";
import { readPng, writePng } from "./png.ts";
import { run } from "./prompts.ts";
import { soundCases } from "./sound-cases.ts";

async function record(url: string): Promise<void> {
  const folder = (name: string): URL => new URL(`./fixtures/${name}/`, import.meta.url);
  await mkdir(folder("pictures"), { recursive: true });
  await mkdir(folder("sounds"), { recursive: true });
  await uploadInputs(url);
  for (const [name, { graph }] of Object.entries(pictureCases)) {
    const [file] = await fetchFiles(url, await run(url, graph));
    // Written anew: the server's file also holds the graph, which says nothing here.
    await writeFile(new URL(`${name}.png`, folder("pictures")), writePng(readPng(file?.bytes ?? new Uint8Array())));
  }
  for (const [name, { graph }] of Object.entries(soundCases)) {
    const [file] = await fetchFiles(url, await run(url, graph));
    await writeFile(new URL(`${name}.flac`, folder("sounds")), file?.bytes ?? new Uint8Array());
  }
}

if (import.meta.main) {
  const url = argv[2];
  if (url === undefined) {
    stderr.write("usage: node --conditions=@comfy/source record.ts URL\n");
    exit(2);
  }
  await record(url);
}
