import { errorBody } from "../errors.ts";

/** Error answers shared by routes; each is the same body with another status. */
export const readErrors = {
  400: errorBody,
  401: errorBody,
  403: errorBody,
  404: errorBody,
  429: errorBody,
  500: errorBody,
  503: errorBody,
} as const;

/** Of routes that a signed link opens: 429 is for addresses that send too many which are not valid. */
export const linkErrors = {
  400: errorBody,
  403: errorBody,
  404: errorBody,
  429: errorBody,
  500: errorBody,
  503: errorBody,
} as const;

export const writeErrors = {
  ...readErrors,
  409: errorBody,
  413: errorBody,
  415: errorBody,
  422: errorBody,
  502: errorBody,
} as const;
