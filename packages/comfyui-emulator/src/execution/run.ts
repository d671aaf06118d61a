import { type GraphNode, toGraphNodes, toLink } from "../graph/graph.ts";
import type { NodeInputs, NodeResult } from "../node.ts";
import { isPythonObject, type PythonJson, toPlain } from "../python/values.ts";
import type { Audience } from "./announcer.ts";
import { Blocked, blockOutputs, findBlock } from "./blocking.ts";
import type { CachedResult, UiResult } from "./cache.ts";
import { createKeys } from "./cache-key.ts";
import { createNodeContext } from "./context.ts";
import { type FailedNode, Interrupted } from "./failures.ts";
import { takeFingerprints } from "./fingerprints.ts";
import { createLiveGraph, type Expansion } from "./live-graph.ts";
import { createExecutionOrder } from "./order.ts";
import type { ExecutorParts, RunWish } from "./parts.ts";
import { createProgressBoard } from "./progress.ts";

/** One run of one prompt, from the first look at the cache to the last node. */
export interface Run {
  readonly clientId: string | undefined;
  /** Names the nodes whose result is at hand. */
  prepare(): Promise<string[]>;
  /** Runs what is missing; returns the node that failed, if one did. Throws only when the server stops. */
  execute(): Promise<FailedNode | undefined>;
  executed(): readonly string[];
  graphIds(): readonly string[];
  currentNode(): string | undefined;
  results(): { outputs: Record<string, unknown>; meta: Record<string, unknown> };
}

export function createRun(parts: ExecutorParts, wish: RunWish): Run {
  const { catalogue, cache, announcer } = parts;
  const { item, extraData } = wish;
  const { promptId } = item;
  const graph = createLiveGraph(toGraphNodes(item.graph));
  const ownIds = graph.ids();
  const clientId = typeof extraData.client_id === "string" ? extraData.client_id : undefined;
  // A client id that is no string addresses nobody; no client id at all opens progress to everybody.
  const hasClient = extraData.client_id !== undefined && extraData.client_id !== null;
  const audience: Audience = hasClient ? { clientId: clientId ?? "" } : "everybody";
  const board = createProgressBoard(announcer, audience, promptId);
  const done = new Map<string, CachedResult>();
  const expansions = new Map<string, Expansion>();
  const executed: string[] = [];
  let current: string | undefined;
  let fingerprints: Awaited<ReturnType<typeof takeFingerprints>> = new Map();
  let keyOf = createKeys(graph.get, fingerprints);

  const resultOf = (nodeId: string): CachedResult | undefined => done.get(nodeId) ?? cached(nodeId);
  const cached = (nodeId: string): CachedResult | undefined => {
    const key = keyOf(nodeId);
    return key === undefined ? undefined : cache.get(key);
  };
  const order = createExecutionOrder({
    sourcesOf: graph.sourcesOf,
    isOutput: (nodeId) => catalogue.info(graph.get(nodeId)?.classType ?? "")?.isOutput === true,
    isCached: (nodeId) => resultOf(nodeId) !== undefined,
  });

  async function prepare(): Promise<string[]> {
    fingerprints = await takeFingerprints(parts, ownIds, graph.get);
    keyOf = createKeys(graph.get, fingerprints);
    cache.enter(new Set(ownIds.flatMap((nodeId) => keyOf(nodeId) ?? [])));
    for (const output of item.outputs) order.add(output);
    return ownIds.filter((nodeId) => cached(nodeId) !== undefined);
  }

  async function execute(): Promise<FailedNode | undefined> {
    for (let nodeId = order.next(); nodeId !== undefined; nodeId = order.next()) {
      // One turn for sockets and requests between nodes, as between a real server's threads.
      await new Promise((resolve) => setImmediate(resolve));
      wish.signal.throwIfAborted();
      const outcome = await visit(nodeId);
      if (outcome === "again") continue;
      if (outcome !== "done") return outcome;
      order.complete(nodeId);
    }
    current = undefined;
    return undefined;
  }

  async function visit(nodeId: string): Promise<"done" | "again" | FailedNode> {
    const node = graph.get(nodeId);
    if (node === undefined) throw new Error(`the graph lost its node ${nodeId}`);
    const identity = graph.identityOf(nodeId);
    const known = resultOf(nodeId);
    if (known !== undefined) {
      tellExecuted(nodeId, known.ui?.output ?? null);
      board.finish(identity);
      return "done";
    }
    const expansion = expansions.get(nodeId);
    if (expansion !== undefined) {
      keep(nodeId, { outputs: expansion.outputs.map(resolve) }, expansion.nodeIds);
      board.finish(identity);
      return "done";
    }
    board.start(identity);
    current = identity.displayNodeId;
    tellClient("executing", { node: nodeId, display_node: identity.displayNodeId, prompt_id: promptId });
    const inputs = resolveInputs(node);
    try {
      const result = await call(node, nodeId, inputs);
      executed.push(nodeId);
      if (result.expand !== undefined) return unfold(nodeId, result.expand);
      if (result.ui !== undefined) tellExecuted(nodeId, result.ui);
      keep(nodeId, result);
      board.finish(identity);
      return "done";
    } catch (error) {
      if (wish.signal.aborted) throw error;
      return {
        nodeId,
        classType: node.classType,
        inputs,
        error: error instanceof Error ? error : new Error(String(error)),
      };
    }
  }

  async function call(node: GraphNode, nodeId: string, inputs: NodeInputs): Promise<NodeResult> {
    const slots = catalogue.info(node.classType)?.outputs.length ?? 0;
    const block = findBlock(inputs);
    if (block !== undefined) {
      if (block.message !== undefined) tellBlocked(node, nodeId, block.message);
      return blockOutputs(slots, new Blocked());
    }
    await parts.interfere(node.classType, wish.signal);
    if (wish.isInterrupted()) throw new Interrupted();
    const context = createNodeContext(parts, wish, {
      nodeId,
      identity: graph.identityOf(nodeId),
      audience,
      board,
      fingerprints,
    });
    const result = await catalogue.nodeClass(node.classType).run(inputs, context);
    if (result.blocked !== undefined) return blockOutputs(slots, new Blocked(result.blocked.message));
    return result;
  }

  function unfold(nodeId: string, expand: NonNullable<NodeResult["expand"]>): "again" {
    const expansion = graph.expand(nodeId, expand.graph, expand.outputs);
    expansions.set(nodeId, expansion);
    keyOf = createKeys(graph.get, fingerprints);
    const isOutput = (id: string): boolean => catalogue.info(graph.get(id)?.classType ?? "")?.isOutput === true;
    for (const id of expansion.nodeIds) if (isOutput(id)) order.addLink(id, nodeId);
    for (const output of expansion.outputs) {
      const link = toLink(output);
      if (link !== undefined) order.addLink(link.nodeId, nodeId);
    }
    return "again";
  }

  function keep(nodeId: string, result: Pick<NodeResult, "outputs" | "ui">, childIds: readonly string[] = []): void {
    const { displayNodeId, parentNodeId, realNodeId } = graph.identityOf(nodeId);
    const meta = { node_id: nodeId, display_node: displayNodeId, parent_node: parentNodeId, real_node_id: realNodeId };
    const children = new Map<string, UiResult>();
    for (const childId of childIds) {
      const child = done.get(childId);
      if (child?.ui !== undefined) children.set(childId, child.ui);
      for (const [id, ui] of child?.children ?? []) children.set(id, ui);
    }
    const ui = result.ui === undefined ? undefined : { meta, output: result.ui };
    const kept = { outputs: result.outputs, ui, children };
    done.set(nodeId, kept);
    const key = keyOf(nodeId);
    if (key !== undefined) cache.set(key, kept);
  }

  function resolveInputs(node: GraphNode): NodeInputs {
    const entries = Object.entries(node.inputs ?? {}).map(([name, value]) => [name, resolve(value)] as const);
    return Object.fromEntries(entries);
  }

  function resolve(value: unknown): unknown {
    const link = toLink(value);
    if (link === undefined) return isJsonLike(value) ? toPlain(value) : value;
    return resultOf(link.nodeId)?.outputs.at(link.slot) ?? null;
  }

  function tellClient(type: string, data: unknown): void {
    if (hasClient) announcer.send({ clientId: clientId ?? "" }, type, data);
  }

  function tellExecuted(nodeId: string, output: unknown): void {
    const display = graph.identityOf(nodeId).displayNodeId;
    tellClient("executed", { node: nodeId, display_node: display, output, prompt_id: promptId });
  }

  function tellBlocked(node: GraphNode, nodeId: string, message: string): void {
    tellClient("execution_error", {
      prompt_id: promptId,
      node_id: nodeId,
      node_type: node.classType,
      executed,
      exception_message: `Execution Blocked: ${message}`,
      exception_type: "ExecutionBlocked",
      traceback: [],
      current_inputs: [],
      current_outputs: [],
    });
  }

  function results(): { outputs: Record<string, unknown>; meta: Record<string, unknown> } {
    const outputs: Record<string, unknown> = {};
    const meta: Record<string, unknown> = {};
    const children: [string, UiResult][] = [];
    const add = (nodeId: string, ui: UiResult): void => {
      outputs[nodeId] = ui.output;
      meta[nodeId] = ui.meta;
    };
    for (const nodeId of ownIds) {
      const result = resultOf(nodeId);
      if (result?.ui !== undefined) add(nodeId, result.ui);
      children.push(...(result?.children ?? []));
    }
    for (const [nodeId, ui] of children) add(nodeId, ui);
    return { outputs, meta };
  }

  return {
    clientId,
    prepare,
    execute,
    executed: () => executed,
    graphIds: graph.ids,
    currentNode: () => current,
    results,
  };
}

function isJsonLike(value: unknown): value is PythonJson {
  if (typeof value !== "object" || value === null || !isPythonObject(value)) return true;
  return Object.getPrototypeOf(value) === Object.prototype && !("at" in value) && !("channels" in value);
}
