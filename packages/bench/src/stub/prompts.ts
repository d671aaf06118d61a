import { type Graph, graph as graphSchema, promptIdPattern } from "@comfy/comfyui-contract";

/** A prompt as the stub keeps it. */
export interface StubPrompt {
  readonly id: string;
  readonly number: number;
  readonly graph: Graph;
  readonly clientId: string;
  readonly extraData: unknown;
  /** The nodes that save something. */
  readonly outputNodes: readonly string[];
}

export type Refusal = { readonly error: object; readonly node_errors: object };

const refuse = (type: string, message: string): Refusal => ({
  error: { type, message, details: "", extra_info: {} },
  node_errors: {},
});

/** Reads the body of `POST /prompt` as far as a server must to run it. */
export function parsePrompt(text: string, number: number): StubPrompt | Refusal {
  const { prompt, prompt_id, client_id, extra_data } = Object(JSON.parse(text)) as Record<string, unknown>;
  const parsed = graphSchema.safeParse(prompt);
  if (!parsed.success) return refuse("invalid_prompt", "Cannot execute because a node is malformed.");
  const graph = parsed.data;
  const outputNodes = Object.keys(graph).filter((id) => graph[id]?.class_type === "SaveImage");
  if (outputNodes.length === 0) return refuse("prompt_no_outputs", "Prompt has no outputs");
  const id = typeof prompt_id === "string" && promptIdPattern.test(prompt_id) ? prompt_id : crypto.randomUUID();
  return {
    id,
    number,
    graph,
    clientId: String(client_id ?? ""),
    extraData: { ...Object(extra_data), client_id },
    outputNodes,
  };
}

export const isRefusal = (prompt: StubPrompt | Refusal): prompt is Refusal => "error" in prompt;

/** As queue and history show a prompt. */
export const toQueueItem = ({ number, id, graph, extraData, outputNodes }: StubPrompt) =>
  [number, id, graph, extraData, outputNodes] as const;

/** What each output node saves: one picture. */
export function toOutputs({ graph, outputNodes }: StubPrompt): Record<string, { images: object[] }> {
  return Object.fromEntries(
    outputNodes.map((node) => {
      const prefix = String(graph[node]?.inputs.filename_prefix ?? "ComfyUI");
      const slash = prefix.lastIndexOf("/");
      const file = {
        filename: `${prefix.slice(slash + 1)}_00001_.png`,
        subfolder: slash < 0 ? "" : prefix.slice(0, slash),
        type: "output",
      };
      return [node, { images: [file] }];
    }),
  );
}
