import { toGraphNodes, toLink } from "../graph/graph.ts";
import type { NodeInputs, NodeResult } from "../node.ts";
import { Blocked, blockOutputs, findBlock } from "./blocking.ts";
import type { Fingerprint } from "./cache-key.ts";
import { createNodeContext } from "./context.ts";
import { type FailedNode, Interrupted } from "./failures.ts";
import { takeFingerprints } from "./fingerprints.ts";
import { createLiveGraph, type Expansion, type LiveGraph } from "./live-graph.ts";
import { createExecutionOrder, type ExecutionOrder } from "./order.ts";
import type { ExecutorParts, RunWish } from "./parts.ts";
import { createProgressBoard, type ProgressBoard } from "./progress.ts";
import { createRunResults, type RunResults } from "./run-results.ts";
import { createRunVoice, type RunVoice } from "./run-voice.ts";

/** One run of one prompt: everything that its nodes share. */
export interface Run {
  readonly parts: ExecutorParts;
  readonly wish: RunWish;
  readonly graph: LiveGraph;
  /** The ids of the prompt itself, without what expands out of them. */
  readonly ownIds: readonly string[];
  readonly results: RunResults;
  readonly voice: RunVoice;
  readonly board: ProgressBoard;
  readonly order: ExecutionOrder;
  readonly expansions: Map<string, Expansion>;
  readonly executed: string[];
  fingerprints: ReadonlyMap<string, Fingerprint>;
  /** The display id of the node that runs now. */
  current: string | undefined;
}

export function createRun(parts: ExecutorParts, wish: RunWish): Run {
  const { item, extraData } = wish;
  const graph = createLiveGraph(toGraphNodes(item.graph));
  const results = createRunResults(graph, parts.cache);
  const voice = createRunVoice(parts.announcer, item.promptId, extraData);
  const order = createExecutionOrder({
    sourcesOf: graph.sourcesOf,
    isOutput: (nodeId) => isOutput(parts, graph, nodeId),
    isCached: (nodeId) => results.get(nodeId) !== undefined,
  });
  return {
    parts,
    wish,
    graph,
    ownIds: graph.ids(),
    results,
    voice,
    board: createProgressBoard(parts.announcer, voice.audience, item.promptId),
    order,
    expansions: new Map(),
    executed: [],
    fingerprints: new Map(),
    current: undefined,
  };
}

/** Looks at the cache; returns the nodes whose result is at hand. */
export async function prepareRun(run: Run): Promise<string[]> {
  const { parts, graph, ownIds, results, order, wish } = run;
  run.fingerprints = await takeFingerprints(parts, ownIds, graph.get);
  results.name(run.fingerprints);
  results.enter(ownIds);
  for (const output of wish.item.outputs) order.add(output);
  return ownIds.filter((nodeId) => results.get(nodeId) !== undefined);
}

/** Runs what is missing; returns the node that failed, if one did. Throws only when the server stops. */
export async function executeRun(run: Run): Promise<FailedNode | undefined> {
  const { order, wish } = run;
  for (let nodeId = order.next(); nodeId !== undefined; nodeId = order.next()) {
    // One turn for sockets and requests between nodes, as between a real server's threads.
    await new Promise((resolve) => setImmediate(resolve));
    wish.signal.throwIfAborted();
    const outcome = await visit(run, nodeId);
    if (outcome === "expanded") continue;
    if (outcome !== "done") return outcome;
    order.complete(nodeId);
  }
  return undefined;
}

function isOutput(parts: ExecutorParts, graph: LiveGraph, nodeId: string): boolean {
  return parts.catalogue.info(graph.get(nodeId)?.classType ?? "")?.isOutput === true;
}

async function visit(run: Run, nodeId: string): Promise<"done" | "expanded" | FailedNode> {
  const { graph, results, voice, board, expansions } = run;
  const identity = graph.identityOf(nodeId);
  const known = results.get(nodeId);
  const expansion = expansions.get(nodeId);
  if (known !== undefined) voice.executed(identity, known.ui?.output ?? null);
  else if (expansion === undefined) return runNode(run, nodeId);
  else results.keep(nodeId, { outputs: expansion.outputs.map(results.resolve) }, expansion.nodeIds);
  board.finish(identity);
  return "done";
}

async function runNode(run: Run, nodeId: string): Promise<"done" | "expanded" | FailedNode> {
  const { graph, results, voice, board, wish } = run;
  const node = graph.get(nodeId);
  if (node === undefined) throw new Error(`the graph lost its node ${nodeId}`);
  const { classType, identity } = node;
  board.start(identity);
  run.current = identity.displayNodeId;
  voice.executing(identity);
  const inputs = results.resolveInputs(node);
  try {
    const result = await call(run, nodeId, classType, inputs);
    run.executed.push(nodeId);
    if (result.expand !== undefined) {
      unfold(run, nodeId, result.expand);
      return "expanded";
    }
    if (result.ui !== undefined) voice.executed(identity, result.ui);
    results.keep(nodeId, result);
    board.finish(identity);
    return "done";
  } catch (error) {
    if (wish.signal.aborted) throw error;
    return { nodeId, classType, inputs, error: error instanceof Error ? error : new Error(String(error)) };
  }
}

async function call(run: Run, nodeId: string, classType: string, inputs: NodeInputs): Promise<NodeResult> {
  const { parts, wish, graph, voice, board, fingerprints } = run;
  const slots = parts.catalogue.info(classType)?.outputs.length ?? 0;
  const block = findBlock(inputs);
  if (block !== undefined) {
    if (block.message !== undefined) voice.blocked(graph.identityOf(nodeId), classType, run.executed, block.message);
    return blockOutputs(slots, new Blocked());
  }
  await parts.interfere(classType, wish.signal);
  if (wish.isInterrupted()) throw new Interrupted();
  const identity = graph.identityOf(nodeId);
  const context = createNodeContext(parts, wish, { nodeId, identity, audience: voice.audience, board, fingerprints });
  const result = await parts.catalogue.nodeClass(classType).run(inputs, context);
  return result.blocked === undefined ? result : blockOutputs(slots, new Blocked(result.blocked.message));
}

/** Puts the subgraph in, and lets the node wait for its outputs and for everything that it saves. */
function unfold(run: Run, nodeId: string, expand: NonNullable<NodeResult["expand"]>): void {
  const { parts, graph, results, order, expansions, fingerprints } = run;
  const expansion = graph.expand(nodeId, expand.graph, expand.outputs);
  expansions.set(nodeId, expansion);
  results.name(fingerprints);
  for (const childId of expansion.nodeIds) if (isOutput(parts, graph, childId)) order.addLink(childId, nodeId);
  for (const output of expansion.outputs) {
    const link = toLink(output);
    if (link !== undefined) order.addLink(link.nodeId, nodeId);
  }
}
