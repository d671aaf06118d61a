import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { createResultCache, type ResultCache } from "./execution/cache.ts";
import { createExecutor, type Executor } from "./execution/executor.ts";
import type { FaultActions, Faults } from "./faults/faults.ts";
import type { Folders } from "./files/folders.ts";
import { createModelShelf, DEFAULT_MODELS, type ModelShelf } from "./files/models.ts";
import { createNodeFiles } from "./files/node-files.ts";
import { type Catalogue, createCatalogue } from "./graph/catalogue.ts";
import { FILE_INPUTS } from "./graph/file-lists.ts";
import { createListener } from "./http/listener.ts";
import { describeCors } from "./http/origin.ts";
import { createUpgrade } from "./http/upgrade.ts";
import type { Painter } from "./media/painting/painter.ts";
import { createNodeClasses } from "./nodes/node-classes.ts";
import type { EmulatorOptions } from "./options.ts";
import { profileOf } from "./profiles/profile.ts";
import { describeFeatures } from "./profiles/self-description.ts";
import { isPythonObject, type PythonJson } from "./python/values.ts";
import { createHistory } from "./queue/history.ts";
import { createPromptQueue, type PromptQueue } from "./queue/prompt-queue.ts";
import { createRenderLog } from "./queue/render-log.ts";
import { createRoutes } from "./routes.ts";
import { createSockets } from "./socket/sockets.ts";
import { runWorker, type WorkerParts } from "./worker/worker.ts";

const STEP_MS_DEFAULT = 80;
const UPLOAD_MEGABYTES_DEFAULT = 100;
const MEGABYTE = 1024 * 1024;

/** What outlives a restart: the disk, the faults, the painter, and where to say that something is wrong. */
export interface Surroundings {
  readonly folders: Folders;
  readonly faults: Faults;
  readonly painter: Painter;
  readonly port: () => number;
  readonly act: (actions: FaultActions) => void;
  readonly onTrouble: (message: string) => void;
}

/** One life of the server process: everything that a restart forgets. */
export interface ComfyUi {
  readonly onRequest: (request: IncomingMessage, response: ServerResponse) => void;
  readonly onUpgrade: (request: IncomingMessage, stream: Duplex, head: Buffer) => void;
  dropSockets(): void;
  /** Stops the worker and cuts the sockets. */
  stop(): void;
}

export function startComfyUi(options: EmulatorOptions, around: Surroundings): ComfyUi {
  const { folders, faults, onTrouble, act, port } = around;
  const profile = profileOf(options.profile ?? "0.3.64");
  const { isNewer } = profile;
  const previewMethod = options.previewMethod ?? "latent2rgb";
  const self = { profile, maxUploadMegabytes: options.maxUploadMegabytes, previewMethod, port };
  folders.wipeTemp();
  const { shelf, catalogue } = openCatalogue(options, around);
  const files = createNodeFiles(folders, isNewer);
  const cache = createResultCache(options.cache ?? (isNewer ? { lru: profile.cachedPromptsDefault } : "classic"));
  const queue = createPromptQueue(() => sockets.sendStatus());
  const history = createHistory();
  const log = createRenderLog(options.logFile);
  const sockets = createSockets({
    remaining: queue.remaining,
    features: () => describeFeatures(self),
    currentNode: (clientId) => executor.currentNode(clientId),
    isSilent: () => faults.settings.silentSockets,
    hasReconnectHazard: () => faults.settings.reconnectHazard,
  });
  const executor: Executor = createExecutor({
    catalogue,
    cache,
    files,
    announcer: sockets,
    interfere: faults.interfere,
    speed: options.speed ?? 1,
    wantsPreviews: (extraData) => wantsPreviews(extraData, previewMethod, isNewer),
  });
  const { free, settle } = createFreeing(cache, queue);
  const stop = startWorker({ queue, history, executor, announcer: sockets, log, settle }, around);
  const validation = { catalogue, files, rules: { isNewer } };
  const { interrupt } = executor;
  const { corsOrigin, maxUploadMegabytes = UPLOAD_MEGABYTES_DEFAULT } = options;
  const routes = createRoutes({ self, folders, faults, act, shelf, validation, queue, history, log, interrupt, free });
  return {
    onRequest: createListener({
      routes,
      faults,
      bodyBytesMax: maxUploadMegabytes * MEGABYTE,
      corsHeaders: corsOrigin === undefined ? undefined : describeCors(corsOrigin, isNewer),
      onTrouble: (error) => onTrouble(error instanceof Error ? (error.stack ?? error.message) : String(error)),
    }),
    onUpgrade: createUpgrade(sockets.accept, corsOrigin),
    dropSockets: sockets.drop,
    stop: () => {
      stop();
      sockets.drop();
    },
  };
}

function openCatalogue(options: EmulatorOptions, around: Surroundings): { shelf: ModelShelf; catalogue: Catalogue } {
  const { folders, faults, painter } = around;
  const shelf = createModelShelf(folders, options.models ?? DEFAULT_MODELS, faults.isMissing);
  const hasModel = (classType: string, name: string): boolean => {
    const sources = Object.values(FILE_INPUTS[classType] ?? {});
    return name === "pixel_space" || sources.some((source) => shelf.listSource(source).includes(name));
  };
  const nodeClasses = createNodeClasses({ painter, hasModel, stepMs: options.stepMs ?? STEP_MS_DEFAULT });
  const { extraNodes = [] } = options;
  return { shelf, catalogue: createCatalogue({ nodeClasses, extraNodes, listFiles: shelf.listSource }) };
}

/** `/free` counts after the prompt that runs, or at once when none does. */
function createFreeing(cache: ResultCache, queue: PromptQueue) {
  let isCacheUnwanted = false;
  const settle = (): void => {
    if (isCacheUnwanted) cache.clear();
    isCacheUnwanted = false;
  };
  const free = ({ freesMemory }: { freesMemory: boolean }): void => {
    isCacheUnwanted ||= freesMemory;
    if (queue.running.length === 0) settle();
  };
  return { free, settle };
}

function startWorker(
  parts: Omit<WorkerParts, "historyLagMs" | "diesOf" | "onDeath">,
  { faults, onTrouble }: Surroundings,
): () => void {
  const stopping = new AbortController();
  const historyLagMs = (): number => faults.settings.historyLagMs;
  const worker = runWorker(
    { ...parts, historyLagMs, diesOf: faults.takeWorkerDeath, onDeath: onTrouble },
    stopping.signal,
  );
  // It reports its own death; anything beyond that is a mistake in here.
  worker.catch((error: unknown) => onTrouble(`the worker failed: ${String(error)}`));
  return () => stopping.abort(new Error("the server stops"));
}

/** Newer servers let each prompt choose; on both `none` means no previews. */
function wantsPreviews(extraData: PythonJson, previewMethod: string, isNewer: boolean): boolean {
  const wanted = isNewer && isPythonObject(extraData) ? extraData.preview_method : undefined;
  const isChoice = typeof wanted === "string" && ["none", "auto", "latent2rgb", "taesd"].includes(wanted);
  return (isChoice ? wanted : previewMethod) !== "none";
}
