import { type RawBuilder, sql } from "kysely";
import { createId } from "../../ids.ts";
import type { Ending } from "../../jobs/job-store.ts";
import { ENDPOINTS_MAX, toJobEvent } from "../../jobs/webhook-store.ts";

/**
 * The deliveries that the job of the row `ended` owes: to its `callbackUrl`, and to each enabled endpoint of its owner that asked for the
 * event. Part of the statement that ends the job.
 */
export function oweDeliveries(state: Ending["state"]): RawBuilder<unknown> {
  const event = toJobEvent(state);
  // Made here, since PostgreSQL makes version 7 only since 18.
  const ids = Array.from({ length: 1 + ENDPOINTS_MAX }, () => createId());
  return sql`
    insert into comfy.outbox (id, job_id, owner_id, event, endpoint_id, url, target)
    select (${ids}::uuid[])[row_number() over (order by d.slot)], ended.id, ended.owner_id, ${event},
      d.endpoint_id, d.url, d.target
    from ended cross join lateral (
      select 0 as slot, null::uuid as endpoint_id, ended.callback_url as url, ${toTarget(sql`ended.owner_id`, sql`ended.callback_url`)} as target
      where ended.callback_url is not null
      union all
      select e.slot, e.id, null, e.id::text from comfy.webhook_endpoints e
      where e.owner_id = ended.owner_id and e.is_enabled and ${event} = any(e.events)
    ) d`;
}

/** Callbacks of one owner to one host share a target: they would wait for the same slow server. */
function toTarget(ownerId: RawBuilder<unknown>, url: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`md5(${ownerId} || ' ' || lower(substring(${url} from '^[^/]*//[^/?#]*')))`;
}
