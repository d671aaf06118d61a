import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { createResultCache } from "./execution/cache.ts";
import { createExecutor } from "./execution/executor.ts";
import type { FaultActions, Faults } from "./faults/faults.ts";
import type { Folders } from "./files/folders.ts";
import { createModelShelf, DEFAULT_MODELS } from "./files/models.ts";
import { createNodeFiles } from "./files/node-files.ts";
import { createCatalogue } from "./graph/catalogue.ts";
import { FILE_INPUTS } from "./graph/file-lists.ts";
import { createListener } from "./http/listener.ts";
import { isForeignOrigin } from "./http/origin.ts";
import { discoveryRoutes } from "./http/routes/discovery.ts";
import { faultRoutes } from "./http/routes/faults.ts";
import { internalRoutes } from "./http/routes/internal.ts";
import { jobRoutes } from "./http/routes/jobs.ts";
import { promptRoutes } from "./http/routes/prompt.ts";
import { queueRoutes } from "./http/routes/queue.ts";
import { settingsRoutes } from "./http/routes/settings.ts";
import { uploadRoutes } from "./http/routes/uploads.ts";
import { viewRoutes } from "./http/routes/view.ts";
import type { Painter } from "./media/painting/painter.ts";
import { createNodeClasses } from "./nodes/node-classes.ts";
import type { EmulatorOptions } from "./options.ts";
import { profileOf } from "./profiles/profile.ts";
import { describeFeatures, describeSystem } from "./profiles/self-description.ts";
import { isPythonObject, type PythonJson } from "./python/values.ts";
import { createHistory } from "./queue/history.ts";
import { createPromptQueue } from "./queue/prompt-queue.ts";
import { createRenderLog } from "./queue/render-log.ts";
import { runWorker } from "./queue/worker.ts";
import { createSockets } from "./socket/sockets.ts";

const STEP_MS_DEFAULT = 80;
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
  const { folders, faults, painter, onTrouble } = around;
  const profile = profileOf(options.profile ?? "0.3.64");
  const { isNewer } = profile;
  const previewMethod = options.previewMethod ?? "latent2rgb";
  const self = { profile, maxUploadMegabytes: options.maxUploadMegabytes, previewMethod, port: around.port };
  const stopping = new AbortController();
  folders.wipeTemp();

  const shelf = createModelShelf(folders, options.models ?? DEFAULT_MODELS, faults.isMissing);
  const hasModel = (classType: string, name: string): boolean => {
    const sources = Object.values(FILE_INPUTS[classType] ?? {});
    return name === "pixel_space" || sources.some((source) => shelf.listSource(source).includes(name));
  };
  const nodeClasses = createNodeClasses({ painter, hasModel, stepMs: options.stepMs ?? STEP_MS_DEFAULT });
  const extraNodes = options.extraNodes ?? [];
  const catalogue = createCatalogue({ nodeClasses, extraNodes, listFiles: shelf.listSource });
  const files = createNodeFiles(folders);

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
  const executor = createExecutor({
    catalogue,
    cache,
    files,
    announcer: sockets,
    interfere: faults.interfere,
    speed: options.speed ?? 1,
    wantsPreviews: (extraData) => wantsPreviews(extraData, previewMethod, isNewer),
  });

  let isCacheUnwanted = false;
  const settle = (): void => {
    if (isCacheUnwanted) cache.clear();
    isCacheUnwanted = false;
  };
  const free = ({ freesMemory }: { freesMemory: boolean }): void => {
    isCacheUnwanted ||= freesMemory;
    if (queue.running.length === 0) settle();
  };

  const worker = runWorker(
    {
      queue,
      history,
      executor,
      announcer: sockets,
      log,
      settle,
      historyLagMs: () => faults.settings.historyLagMs,
      diesOf: faults.takeWorkerDeath,
      onDeath: onTrouble,
    },
    stopping.signal,
  );
  // It reports its own death; anything beyond that is a mistake in here.
  worker.catch((error: unknown) => onTrouble(`the worker failed: ${String(error)}`));

  const validation = { catalogue, files, rules: { isNewer } };
  const onRequest = createListener({
    routes: [
      ...faultRoutes(faults, around.act),
      ...(isNewer ? jobRoutes({ queue, history, interrupt: executor.interrupt }) : []),
      ...promptRoutes({ queue, validation, log, isNewer }),
      ...queueRoutes({ queue, history, interrupt: executor.interrupt, free, isNewer }),
      ...viewRoutes(folders, isNewer),
      ...uploadRoutes(folders),
      ...discoveryRoutes({
        catalogue,
        shelf,
        modelsDirectory: folders.models,
        features: () => describeFeatures(self),
        systemStats: () => describeSystem(self),
      }),
      ...internalRoutes(folders),
      ...settingsRoutes(folders.user),
    ],
    faults,
    bodyBytesMax: (options.maxUploadMegabytes ?? 100) * MEGABYTE,
    corsOrigin: options.corsOrigin,
    onTrouble: (error) => onTrouble(error instanceof Error ? (error.stack ?? error.message) : String(error)),
  });

  return {
    onRequest,
    onUpgrade(request, stream, head) {
      const url = new URL(request.url ?? "/", "http://localhost");
      const isForeign =
        options.corsOrigin === undefined && isForeignOrigin(request.headers.host, request.headers.origin);
      const isSocket = url.pathname === "/ws" || url.pathname === "/api/ws";
      stream.on("error", () => undefined);
      if (isSocket && !isForeign) sockets.accept(request, stream, head, url.searchParams.get("clientId"));
      else
        stream.end(
          `HTTP/1.1 ${isForeign ? "403 Forbidden" : "404 Not Found"}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`,
        );
    },
    dropSockets: sockets.drop,
    stop() {
      stopping.abort(new Error("the server stops"));
      sockets.drop();
    },
  };
}

/** Newer servers let each prompt choose; on both `none` means no previews. */
function wantsPreviews(extraData: PythonJson, previewMethod: string, isNewer: boolean): boolean {
  const wanted = isNewer && isPythonObject(extraData) ? extraData.preview_method : undefined;
  const isChoice = typeof wanted === "string" && ["none", "auto", "latent2rgb", "taesd"].includes(wanted);
  return (isChoice ? wanted : previewMethod) !== "none";
}
