import type { Graph, NodeProgress, SocketMessage } from "@comfy/comfyui-contract";
import { weighNodes, weightOfSteps } from "./weigh-nodes.ts";

/** How far a prompt is. */
export interface Progress {
  /** The node of the graph that is at work. */
  readonly node: string;
  readonly classType?: string;
  /** Steps done of `steps` in this node; 0 of 1 for a node that does not count. */
  readonly step: number;
  readonly steps: number;
  /** 0 to 1 over the whole graph; never falls. */
  readonly overall: number;
}

export interface ProgressTracker {
  /** The new progress, or undefined when the message changed nothing. */
  apply(message: SocketMessage): Progress | undefined;
  /** For prompts found on the server: their graph becomes known later. */
  setGraph(graph: Graph): void;
  readonly latest: Progress | undefined;
  readonly graph: Graph | undefined;
}

interface Step {
  readonly value: number;
  readonly max: number;
}

const fractionOf = ({ value, max }: Step): number => (max > 0 ? Math.min(1, Math.max(0, value / max)) : 0);

/** Weighs nodes that are done, cached ones included, plus the part of the one at work, against the nodes of the graph. */
export function createProgressTracker(graph?: Graph): ProgressTracker {
  return new NodeCounter(graph);
}

class NodeCounter implements ProgressTracker {
  #graph: Graph | undefined;
  #weights: Map<string, number>;
  #current: string | undefined;
  #latest: Progress | undefined;
  #overall = 0;
  #hasEnded = false;
  readonly #done = new Set<string>();
  readonly #steps = new Map<string, Step>();

  constructor(graph?: Graph) {
    this.#graph = graph;
    this.#weights = weighNodes(graph ?? {});
  }

  get latest(): Progress | undefined {
    return this.#latest;
  }

  get graph(): Graph | undefined {
    return this.#graph;
  }

  setGraph(graph: Graph): void {
    if (this.#graph) return;
    this.#graph = graph;
    this.#weights = weighNodes(graph);
  }

  apply(message: SocketMessage): Progress | undefined {
    if (!this.#read(message) || this.#current === undefined) return undefined;
    const node = this.#current;
    const { value: step, max: steps } = this.#steps.get(node) ?? { value: 0, max: 1 };
    const overall = this.#measure();
    const last = this.#latest;
    if (last?.node === node && last.step === step && last.steps === steps && last.overall === overall) return undefined;
    const classType = this.#graph && Object.hasOwn(this.#graph, node) ? this.#graph[node]?.class_type : undefined;
    this.#overall = overall;
    this.#latest = { node, step, steps, overall, ...(classType ? { classType } : {}) };
    return this.#latest;
  }

  /** False when the message says nothing about progress. */
  #read({ type, data }: SocketMessage): boolean {
    switch (type) {
      case "execution_cached":
        for (const node of data.nodes) this.#done.add(node);
        return false;
      case "executing":
        if (data.node === null) return false;
        this.#enter(data.display_node ?? data.node);
        return true;
      case "executed":
        this.#done.add(data.display_node ?? data.node);
        return true;
      case "progress":
        if (data.node) this.#count(data.node, data);
        return true;
      case "progress_state":
        for (const node of Object.values(data.nodes)) this.#note(node);
        return true;
      case "execution_success":
        // Nodes that no output needs never run.
        this.#hasEnded = true;
        return true;
      default:
        return false;
    }
  }

  #enter(node: string): void {
    if (this.#current !== undefined && this.#current !== node) this.#done.add(this.#current);
    this.#current = node;
  }

  #count(node: string, step: Step): void {
    this.#steps.set(node, step);
    const weight = this.#weights.get(node);
    // A node that turns out to count its steps is worth more than one that does not.
    if (weight === 1 && step.max > 1) this.#weights.set(node, weightOfSteps(step.max));
  }

  #note(node: NodeProgress): void {
    // A child of an expanded node reports under its parent, which is not done before all its children are.
    if (node.display_node_id && node.display_node_id !== node.node_id) return;
    this.#count(node.node_id, node);
    if (node.state === "finished") this.#done.add(node.node_id);
    else this.#current = node.node_id;
  }

  #measure(): number {
    if (this.#weights.size === 0) return this.#overall;
    if (this.#hasEnded) return 1;
    const current = this.#current ?? "";
    let whole = 0;
    let done = 0;
    for (const [node, weight] of this.#weights) {
      whole += weight;
      if (this.#done.has(node)) done += weight;
      else if (node === current) done += weight * fractionOf(this.#steps.get(node) ?? { value: 0, max: 1 });
    }
    return Math.min(1, Math.max(this.#overall, done / whole));
  }
}
