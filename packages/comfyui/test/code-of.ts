import { ComfyUiError } from "../src/index.ts";

/** The code that a promise fails with; another error in its own words. */
export const codeOf = async (promise: Promise<unknown>): Promise<string> => {
  const error = await promise.then(
    () => new Error("no error"),
    (caught: unknown) => caught,
  );
  return error instanceof ComfyUiError ? error.code : String(error);
};
