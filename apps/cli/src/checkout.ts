import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Folder of the checkout this CLI runs from. */
export const checkout = fileURLToPath(new URL("../../..", import.meta.url));

/** Everything that is kept between runs; ignored by git. */
export const stateFolder = join(checkout, ".comfy");

/** A path as a person reads it: relative to the checkout. */
export const toShownPath = (path: string): string =>
  path.startsWith(checkout) ? path.slice(checkout.length).replace(/^[/\\]/, "") : path;
