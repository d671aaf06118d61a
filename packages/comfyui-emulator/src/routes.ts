import type { FaultActions, Faults } from "./faults/faults.ts";
import type { Folders } from "./files/folders.ts";
import type { ModelShelf } from "./files/models.ts";
import type { ValidationParts } from "./graph/validation.ts";
import type { Route } from "./http/router.ts";
import { discoveryRoutes } from "./http/routes/discovery.ts";
import { faultRoutes } from "./http/routes/faults.ts";
import { internalRoutes } from "./http/routes/internal.ts";
import { jobRoutes } from "./http/routes/jobs.ts";
import { promptRoutes } from "./http/routes/prompt.ts";
import { queueRoutes } from "./http/routes/queue.ts";
import { settingsRoutes } from "./http/routes/settings.ts";
import { uploadRoutes } from "./http/routes/uploads.ts";
import { viewRoutes } from "./http/routes/view.ts";
import { socketRoute } from "./http/upgrade.ts";
import { describeFeatures, describeSystem, type SelfDescription } from "./profiles/self-description.ts";
import type { History } from "./queue/history.ts";
import type { PromptQueue } from "./queue/prompt-queue.ts";
import type { RenderLog } from "./queue/render-log.ts";

export interface RouteParts {
  readonly self: SelfDescription;
  readonly folders: Folders;
  readonly faults: Faults;
  readonly act: (actions: FaultActions) => void;
  readonly shelf: ModelShelf;
  readonly validation: ValidationParts;
  readonly queue: PromptQueue;
  readonly history: History;
  readonly log: RenderLog;
  readonly interrupt: () => void;
  readonly free: (wish: { unloadsModels: boolean; freesMemory: boolean }) => void;
}

/** Everything that the server answers to. */
export function createRoutes(parts: RouteParts): readonly Route[] {
  const { self, folders, shelf, validation, queue, history, log, interrupt, free } = parts;
  const { isNewer } = self.profile;
  return [
    socketRoute,
    ...faultRoutes(parts.faults, parts.act),
    ...(isNewer ? jobRoutes({ queue, history, interrupt }) : []),
    ...promptRoutes({ queue, validation, log, isNewer }),
    ...queueRoutes({ queue, history, interrupt, free, isNewer }),
    ...viewRoutes(folders, isNewer),
    ...uploadRoutes(folders),
    ...discoveryRoutes({
      catalogue: validation.catalogue,
      shelf,
      modelsDirectory: folders.models,
      features: () => describeFeatures(self),
      systemStats: () => describeSystem(self),
      isNewer,
    }),
    ...internalRoutes(folders),
    ...settingsRoutes(folders.user),
  ];
}
