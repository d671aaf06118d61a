/** What the order needs to know about the graph; it may grow while it runs. */
export interface OrderGraph {
  /** The nodes that an input of this one links to, in the order of its inputs. */
  sourcesOf(nodeId: string): readonly string[];
  isOutput(nodeId: string): boolean;
  isCached(nodeId: string): boolean;
}

/** Which node runs next. Nodes whose result is cached are not visited, unless they are asked for themselves. */
export interface ExecutionOrder {
  add(nodeId: string): void;
  /** Makes one node wait for another, as an expanded node waits for its children. */
  addLink(from: string, to: string): void;
  /** The next node that is ready; undefined when all are done. */
  next(): string | undefined;
  complete(nodeId: string): void;
}

interface Waiting {
  blockers: number;
  readonly blocks: Set<string>;
}

export function createExecutionOrder(graph: OrderGraph): ExecutionOrder {
  // The order of discovery decides between equals, so insertion order matters.
  const waiting = new Map<string, Waiting>();

  function add(root: string): void {
    const toVisit = [root];
    const links: [string, string][] = [];
    for (let nodeId = toVisit.pop(); nodeId !== undefined; nodeId = toVisit.pop()) {
      if (waiting.has(nodeId)) continue;
      waiting.set(nodeId, { blockers: 0, blocks: new Set() });
      for (const source of graph.sourcesOf(nodeId)) {
        if (graph.isCached(source)) continue;
        links.push([source, nodeId]);
        toVisit.push(source);
      }
    }
    for (const [from, to] of links) link(from, to);
  }

  function link(from: string, to: string): void {
    const blocks = waiting.get(from)?.blocks;
    const target = waiting.get(to);
    if (blocks === undefined || target === undefined || blocks.has(to)) return;
    blocks.add(to);
    target.blockers += 1;
  }

  function blocksOutput(nodeId: string, levels: number): boolean {
    return [...(waiting.get(nodeId)?.blocks ?? [])].some(
      (blocked) => graph.isOutput(blocked) || (levels > 1 && blocksOutput(blocked, levels - 1)),
    );
  }

  return {
    add,
    addLink(from, to) {
      if (graph.isCached(from)) return;
      add(from);
      link(from, to);
    },
    next() {
      const ready = [...waiting].filter(([, { blockers }]) => blockers === 0).map(([nodeId]) => nodeId);
      return (
        ready.find((nodeId) => graph.isOutput(nodeId)) ??
        ready.find((nodeId) => blocksOutput(nodeId, 1)) ??
        ready.find((nodeId) => blocksOutput(nodeId, 2)) ??
        ready[0]
      );
    },
    complete(nodeId) {
      const done = waiting.get(nodeId);
      waiting.delete(nodeId);
      for (const blocked of done?.blocks ?? []) {
        const target = waiting.get(blocked);
        if (target !== undefined) target.blockers -= 1;
      }
    },
  };
}
