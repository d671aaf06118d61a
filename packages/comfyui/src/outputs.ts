import { fileReference, type Graph, type Outputs } from "@comfy/comfyui-contract";

/** A file as `GET /view` finds it. */
export interface ServerFile {
  readonly filename: string;
  readonly subfolder: string;
  readonly type: string;
}

/** One thing a prompt made. */
export type OutputValue =
  | { readonly type: "file"; readonly node: string; readonly index: number; readonly file: ServerFile }
  | { readonly type: "text"; readonly node: string; readonly index: number; readonly text: string };

const modelExtension = /\.(glb|gltf|obj|fbx|stl|ply|usdz|ksplat|splat|spz)$/i;
const annotated = /^(.*?)(?: \[(output|input|temp)\])?$/s;
const textKeys = new Set(["text", "string", "strings"]);

/** 3D previews name their file by a path: `["3d/a.glb", camera]`. */
function toModelFile(path: string): ServerFile | undefined {
  const [, plain = "", type = "output"] = annotated.exec(path) ?? [];
  if (!modelExtension.test(plain)) return undefined;
  const slash = Math.max(plain.lastIndexOf("/"), plain.lastIndexOf("\\"));
  return { filename: plain.slice(slash + 1), subfolder: slash < 0 ? "" : plain.slice(0, slash), type };
}

function toValue(key: string, item: unknown): { file: ServerFile } | { text: string } | undefined {
  if (typeof item === "string") {
    const file = key === "result" ? toModelFile(item) : undefined;
    if (file) return { file };
    return textKeys.has(key) ? { text: item } : undefined;
  }
  const parsed = fileReference.safeParse(item);
  if (!parsed.success) return undefined;
  const { filename, subfolder, type } = parsed.data;
  return { file: { filename, subfolder, type } };
}

function readNode(node: string, output: Readonly<Record<string, unknown>>): OutputValue[] {
  const items = Object.entries(output).flatMap(([key, list]) =>
    Array.isArray(list) ? list.map((item: unknown) => toValue(key, item)) : [],
  );
  return items
    .filter((value) => value !== undefined)
    .map((value, index) =>
      "file" in value ? { type: "file", node, index, ...value } : { type: "text", node, index, ...value },
    );
}

/**
 * Everything a prompt made, in a stable order: nodes as the graph lists them, then list order. Whatever the key, an object with a
 * `filename` is a file (videos come under `images` or `gifs`). Previews in `temp` count only where there is no real output, because
 * the server wipes them; input files that loaders show never do.
 */
export function readOutputs(outputs: Outputs, graph?: Graph): OutputValue[] {
  const order = new Map(Object.keys(graph ?? {}).map((node, index) => [node, index]));
  const rank = (node: string): number => order.get(node) ?? order.size;
  const nodes = Object.entries(outputs).toSorted(([left], [right]) => rank(left) - rank(right));
  const seen = new Set<string>();
  const values = nodes
    .flatMap(([node, output]) => (output ? readNode(node, output) : []))
    .filter((value) => {
      if (value.type === "text") return true;
      const key = JSON.stringify([value.file.type, value.file.subfolder, value.file.filename]);
      if (value.file.type === "input" || seen.has(key)) return false;
      seen.add(key);
      return true;
    });
  const hasReal = values.some((value) => value.type === "file" && value.file.type !== "temp");
  return values.filter((value) => value.type === "text" || !hasReal || value.file.type !== "temp");
}
