/** One exact piece of source text and what stands there instead. */
export interface Edit {
  /** From the root of the checkout. */
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
}
