import * as z from "zod";

/** A hundred years; more is for ever. */
const DAYS_MAX = 36_500;

/** How often an embedded database is copied; 0: never. */
export const snapshotHours = z.coerce.number().min(0).max(8_760).default(24);

/** How many days jobs are kept after they ended; 0: for ever. */
export const jobRetentionDays = z.coerce.number().int().min(0).max(DAYS_MAX).default(90);
