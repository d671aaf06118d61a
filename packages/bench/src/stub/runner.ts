import { type StubPrompt, toOutputs, toQueueItem } from "./prompts.ts";
import type { Rendering } from "./protocol.ts";
import type { StubSockets } from "./sockets.ts";

/** As many entries as ComfyUI keeps. */
const HISTORY_MAX = 10_000;

/** The one worker of a server: prompts run one after the other and say so in ComfyUI's order. */
export function createRunner(rendering: () => Rendering, sockets: StubSockets) {
  const waiting: StubPrompt[] = [];
  const history = new Map<string, object>();
  let running: StubPrompt | undefined;
  let timer: NodeJS.Timeout | NodeJS.Immediate | undefined;

  const remaining = () => waiting.length + (running ? 1 : 0);
  const tellStatus = () => sockets.tellAll("status", { status: { exec_info: { queue_remaining: remaining() } } });

  function startNext(): void {
    running = waiting.shift();
    if (!running) return;
    tellStatus();
    const { durationMs } = rendering();
    const prompt = running;
    const messages = begin(prompt);
    const end = () => finish(prompt, messages);
    timer = durationMs > 0 ? setTimeout(end, durationMs) : setImmediate(end);
  }

  function begin({ id, clientId }: StubPrompt): [string, object][] {
    const about = () => ({ prompt_id: id, timestamp: Date.now() });
    const messages: [string, object][] = [
      ["execution_start", about()],
      ["execution_cached", { nodes: [], ...about() }],
    ];
    for (const [type, data] of messages) sockets.tell(clientId, type, data);
    return messages;
  }

  function finish(prompt: StubPrompt, messages: [string, object][]): void {
    const { id: prompt_id, clientId, graph } = prompt;
    const outputs = toOutputs(prompt);
    const nodes: Record<string, object> = {};
    const tellProgress = (node: string, state: string, value: number) => {
      nodes[node] = { value, max: 1, state, node_id: node, prompt_id, display_node_id: node, real_node_id: node };
      sockets.tell(clientId, "progress_state", { prompt_id, nodes });
    };
    for (const node of Object.keys(graph)) {
      tellProgress(node, "running", 0);
      sockets.tell(clientId, "executing", { node, display_node: node, prompt_id });
      if (outputs[node])
        sockets.tell(clientId, "executed", { node, display_node: node, output: outputs[node], prompt_id });
      tellProgress(node, "finished", 1);
    }
    const success = { prompt_id, timestamp: Date.now() };
    sockets.tell(clientId, "execution_success", success);
    const status = { status_str: "success", completed: true, messages: [...messages, ["execution_success", success]] };
    remember(prompt_id, { prompt: toQueueItem(prompt), outputs, status, meta: {} });
    running = undefined;
    tellStatus();
    sockets.tell(clientId, "executing", { node: null, prompt_id });
    startNext();
  }

  function remember(id: string, entry: object): void {
    const [oldest] = history.size >= HISTORY_MAX ? history.keys() : [];
    if (oldest !== undefined) history.delete(oldest);
    history.set(id, entry);
  }

  return {
    remaining,
    add(prompt: StubPrompt): void {
      waiting.push(prompt);
      tellStatus();
      if (!running) startNext();
    },
    remove(ids: readonly string[]): void {
      for (const id of ids) {
        const index = waiting.findIndex((prompt) => prompt.id === id);
        if (index >= 0) waiting.splice(index, 1);
      }
    },
    interrupt(id: string): void {
      if (!running || running.id !== id) return;
      clearTimeout(timer as NodeJS.Timeout);
      clearImmediate(timer as NodeJS.Immediate);
      const interrupted = { prompt_id: id, node_id: "", node_type: "", executed: [], timestamp: Date.now() };
      const status = { status_str: "error", completed: false, messages: [["execution_interrupted", interrupted]] };
      remember(id, { prompt: toQueueItem(running), outputs: {}, status });
      sockets.tell(running.clientId, "execution_interrupted", interrupted);
      running = undefined;
      startNext();
    },
    queue: () => ({
      queue_running: running ? [toQueueItem(running)] : [],
      queue_pending: waiting.map(toQueueItem),
    }),
    history: (id: string) => (history.has(id) ? { [id]: history.get(id) } : {}),
  };
}
