import { AppError } from "../errors.ts";
import type { Backend, BackendStatus } from "./backend.ts";
import type { BackendSwitches } from "./backend-switches.ts";

/** A backend that answers no sooner counts as away. */
const LOOK_TIMEOUT_MS = 2_000;

/** A backend as its operator sees it. */
export interface OperatedBackend extends BackendStatus {
  readonly id: string;
  readonly slots: number;
  readonly isDrained: boolean;
}

export interface OperateBackends {
  /** Looks at all of them now. */
  listBackends(): Promise<readonly OperatedBackend[]>;
  /** @throws AppError `backend_not_found` */
  setBackendDrained(id: string, isDrained: boolean): Promise<OperatedBackend>;
}

export interface OperateBackendsDeps {
  readonly backends: readonly Pick<Backend, "id" | "slots" | "readStatus">[];
  readonly switches: BackendSwitches;
}

/** What operators do with backends: see them, take them out of service, put them back. */
export function createOperateBackends({ backends, switches }: OperateBackendsDeps): OperateBackends {
  async function look(chosen: typeof backends): Promise<OperatedBackend[]> {
    const drained = await switches.readDrained();
    const signal = AbortSignal.timeout(LOOK_TIMEOUT_MS);
    return Promise.all(
      chosen.map(async (backend) => {
        const { id, slots } = backend;
        return { ...(await backend.readStatus(signal)), id, slots, isDrained: drained.includes(id) };
      }),
    );
  }

  return {
    listBackends: () => look(backends),
    async setBackendDrained(id, isDrained) {
      const chosen = backends.filter((backend) => backend.id === id);
      if (chosen.length === 0) throw new AppError("backend_not_found", `No backend is called ${id}.`);
      await switches.setDrained(id, isDrained);
      const [backend] = await look(chosen);
      if (!backend) throw new Error("A look at one backend gave none.");
      return backend;
    },
  };
}
