import type { StubSockets } from "../sockets/serve-sockets.ts";
import { type StubPrompt, toOutputs, toQueueItem } from "./prompts.ts";
import type { Rendering } from "./protocol.ts";

/** As many entries as ComfyUI keeps. */
const HISTORY_MAX = 10_000;

type Message = readonly [type: string, data: object];

interface Status {
  readonly status_str: "success" | "error";
  readonly completed: boolean;
  readonly messages: readonly Message[];
}

/** What a prompt says from its first node to its last, in ComfyUI's order. */
function* toNodeMessages({ id: prompt_id, graph }: StubPrompt, outputs: Record<string, object>): Generator<Message> {
  const nodes: Record<string, object> = {};
  const toProgress = (node: string, state: string, value: number): Message => {
    nodes[node] = { value, max: 1, state, node_id: node, prompt_id, display_node_id: node, real_node_id: node };
    return ["progress_state", { prompt_id, nodes }];
  };
  for (const node of Object.keys(graph)) {
    yield toProgress(node, "running", 0);
    yield ["executing", { node, display_node: node, prompt_id }];
    if (outputs[node]) yield ["executed", { node, display_node: node, output: outputs[node], prompt_id }];
    yield toProgress(node, "finished", 1);
  }
}

/** The one worker of a server: prompts run one after the other. */
export class Runner {
  readonly #rendering: () => Rendering;
  readonly #sockets: StubSockets;
  readonly #waiting: StubPrompt[] = [];
  readonly #history = new Map<string, object>();
  #running: StubPrompt | undefined;

  constructor(rendering: () => Rendering, sockets: StubSockets) {
    this.#rendering = rendering;
    this.#sockets = sockets;
  }

  get remaining(): number {
    return this.#waiting.length + (this.#running ? 1 : 0);
  }

  add(prompt: StubPrompt): void {
    this.#waiting.push(prompt);
    this.#tellStatus();
    if (!this.#running) this.#startNext();
  }

  remove(ids: readonly string[]): void {
    for (const id of ids) {
      const index = this.#waiting.findIndex((prompt) => prompt.id === id);
      if (index >= 0) this.#waiting.splice(index, 1);
    }
  }

  interrupt(id: string): void {
    const prompt = this.#running;
    if (!prompt || prompt.id !== id) return;
    const interrupted = { prompt_id: id, node_id: "", node_type: "", executed: [], timestamp: Date.now() };
    this.#end(
      prompt,
      { status_str: "error", completed: false, messages: [["execution_interrupted", interrupted]] },
      {},
    );
  }

  queue() {
    const running = this.#running ? [toQueueItem(this.#running)] : [];
    return { queue_running: running, queue_pending: this.#waiting.map(toQueueItem) };
  }

  history = (id: string) => (this.#history.has(id) ? { [id]: this.#history.get(id) } : {});

  #startNext(): void {
    const prompt = this.#waiting.shift();
    this.#running = prompt;
    if (!prompt) return;
    this.#tellStatus();
    const about = { prompt_id: prompt.id, timestamp: Date.now() };
    const messages: Message[] = [
      ["execution_start", about],
      ["execution_cached", { nodes: [], ...about }],
    ];
    for (const [type, data] of messages) this.#sockets.tell(prompt.clientId, type, data);
    const { durationMs } = this.#rendering();
    const finish = () => this.#finish(prompt, messages);
    if (durationMs > 0) setTimeout(finish, durationMs);
    else setImmediate(finish);
  }

  #finish(prompt: StubPrompt, messages: readonly Message[]): void {
    // It was interrupted meanwhile.
    if (this.#running !== prompt) return;
    const outputs = toOutputs(prompt);
    for (const [type, data] of toNodeMessages(prompt, outputs)) this.#sockets.tell(prompt.clientId, type, data);
    const success: Message = ["execution_success", { prompt_id: prompt.id, timestamp: Date.now() }];
    this.#end(prompt, { status_str: "success", completed: true, messages: [...messages, success] }, outputs);
  }

  /** The last message of the status goes out before the history has the entry, and the closing one after it. */
  #end(prompt: StubPrompt, status: Status, outputs: object): void {
    const [type, data] = status.messages.at(-1) ?? ["", {}];
    this.#sockets.tell(prompt.clientId, type, data);
    const [oldest] = this.#history.size >= HISTORY_MAX ? this.#history.keys() : [];
    if (oldest !== undefined) this.#history.delete(oldest);
    this.#history.set(prompt.id, { prompt: toQueueItem(prompt), outputs, status, meta: {} });
    this.#running = undefined;
    this.#tellStatus();
    this.#sockets.tell(prompt.clientId, "executing", { node: null, prompt_id: prompt.id });
    this.#startNext();
  }

  #tellStatus(): void {
    this.#sockets.tellAll("status", { status: { exec_info: { queue_remaining: this.remaining } } });
  }
}
