import * as z from "zod";

/** The words of a comma-separated list. */
export const toWords = (text: string): string[] =>
  text
    .split(",")
    .map((word) => word.trim())
    .filter((word) => word !== "");

export const flag = z.enum(["true", "false", "1", "0"]).transform((word) => word === "true" || word === "1");

export const list = z.string().transform(toWords);

/** A list that holds at least one word. */
export const requiredList = (missing: string) =>
  z
    .string({ error: missing })
    .transform(toWords)
    .refine((words) => words.length > 0, { error: missing, abort: true });

// A timer of Node set for longer than 2^31 − 1 ms goes off at once.
const SECONDS_MAX = 2_147_483;
const someSeconds = z.coerce.number().positive().max(SECONDS_MAX, `must be at most ${SECONDS_MAX} (24 days)`);

/** Seconds in the environment, milliseconds in the program. */
export const seconds = (fallback: number) => someSeconds.default(fallback).transform((value) => value * 1000);
