import type { WireRequest } from "../target/send.ts";

/** The smallest job there is. */
export const picture = { prompt: "a lighthouse", width: 64, height: 64 };

/** An endpoint that nothing is ever sent to. */
export const endpoint = { url: "https://outside.test/taken" };

export const withHeaders = (
  wire: WireRequest,
  headers: Readonly<Record<string, string | readonly string[]>>,
): WireRequest => ({ ...wire, headers: { ...wire.headers, ...headers } });

export const withoutHeaders = ({ headers = {}, ...wire }: WireRequest, ...names: readonly string[]): WireRequest => ({
  ...wire,
  headers: Object.fromEntries(Object.entries(headers).filter(([name]) => !names.includes(name))),
});
