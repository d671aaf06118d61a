import { fileReference, type HistoryEntry } from "@comfy/comfyui-contract";
import { send } from "./http.ts";

export interface OutputFile {
  readonly filename: string;
  /** The key under which the node lists it: `images`, `audio`, `gifs`. */
  readonly key: string;
  readonly mediaType: string;
  readonly bytes: Buffer;
}

/** Every file that a finished prompt names, fetched. */
export async function fetchFiles(url: string, { outputs }: HistoryEntry): Promise<OutputFile[]> {
  const named = Object.values(outputs).flatMap((output) =>
    Object.entries(output ?? {}).flatMap(([key, list]) =>
      (Array.isArray(list) ? list : []).flatMap((item: unknown) => {
        const file = fileReference.safeParse(item);
        return file.success ? [{ key, ...file.data }] : [];
      }),
    ),
  );
  return await Promise.all(
    named.map(async ({ key, filename, subfolder, type }) => {
      const { status, headers, bytes } = await send(url, {
        path: `/view?${new URLSearchParams({ filename, subfolder, type })}`,
      });
      if (status !== 200) {
        throw new Error(`The output ${filename} is not to be had: ${status}.`);
      }
      return { key, filename, mediaType: headers["content-type"] ?? "", bytes };
    }),
  );
}
