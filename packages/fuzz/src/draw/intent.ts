/** What a request is meant to be. */
export type Intent = "valid" | "spoiled" | "garbage";
