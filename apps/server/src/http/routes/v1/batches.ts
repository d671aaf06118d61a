import type { IncomingMessage } from "node:http";
import { type BatchCreate, workflowInputs } from "@comfy/contracts";
import type { BatchAddress } from "../../../jobs/read-batch.ts";
import type { AppDeps } from "../../deps.ts";
import { tellReplay } from "../../idempotency-key.ts";
import { toInvalidInput } from "../../invalid-input.ts";
import { authenticatedOf } from "../../visit.ts";
import { assertQueue, type MakingCall, toJobInput, toWishes } from "./submit-request.ts";

interface Call {
  readonly req: IncomingMessage;
  readonly params: { readonly id: string };
}

type Fields = Readonly<Record<string, unknown>>;

const toAddress = ({ req, params: { id } }: Call): BatchAddress => {
  return { ownerId: authenticatedOf(req).caller.ownerId, id };
};

/** Every combination of the swept values on top of the common fields; the last field changes fastest. */
function expand(common: Fields, sweep: Readonly<Record<string, readonly unknown[] | undefined>>): Fields[] {
  return Object.entries(sweep).reduce<Fields[]>(
    (inputs, [field, values = []]) => inputs.flatMap((input) => values.map((value) => ({ ...input, [field]: value }))),
    [common],
  );
}

/** The input of each job. What a sweep puts together was not an input before, so each is looked at here. */
function toInputs({ workflow, inputs, input = {}, sweep = {} }: BatchCreate): ReturnType<typeof toJobInput>[] {
  if (inputs !== undefined) return inputs.map(toJobInput);
  return expand(input, sweep).map((value, index) => {
    const parsed = workflowInputs[workflow].safeParse(value);
    if (parsed.success) return toJobInput(parsed.data);
    throw toInvalidInput([{ issues: parsed.error.issues, value, prefix: `sweep[${index}].` }]);
  });
}

export function createBatchRoutes({ verbs, flags }: AppDeps) {
  async function present(address: BatchAddress) {
    const { batch, jobs } = await verbs.readBatch(address);
    return verbs.presentBatch(batch, jobs);
  }

  return {
    async create(call: MakingCall<BatchCreate>) {
      assertQueue(flags);
      const submitted = await verbs.submitBatch({ ...toWishes(call), inputs: toInputs(call.body) });
      tellReplay(submitted, call.res);
      const { id, ownerId } = submitted.batch;
      call.res.setHeader("Location", `/api/v1/batches/${id}`);
      return { status: 201 as const, body: await present({ id, ownerId }) };
    },
    async read(call: Call) {
      return { status: 200 as const, body: await present(toAddress(call)) };
    },
    async delete(call: Call) {
      await verbs.cancelBatch(toAddress(call));
      return { status: 200 as const, body: await present(toAddress(call)) };
    },
  };
}
