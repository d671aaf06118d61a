import type { ByteRange } from "../assets/blob-store.ts";
import { AppError } from "../errors.ts";

/**
 * The one range a request asks for, or undefined for the whole file (also for what we do not serve: several ranges, other units).
 * @throws AppError `range_not_satisfiable` when it lies outside the file
 */
export function parseRange(header: string | undefined, sizeBytes: number): ByteRange | undefined {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.replaceAll(" ", "") ?? "");
  if (!match) return undefined;
  const [, from = "", to = ""] = match;
  if (from === "" && to === "") return undefined;
  // `-500` means the last 500 bytes.
  const start = from === "" ? Math.max(0, sizeBytes - Number(to)) : Number(from);
  const end = from === "" || to === "" ? sizeBytes - 1 : Math.min(Number(to), sizeBytes - 1);
  if (from !== "" && to !== "" && Number(to) < Number(from)) return undefined;
  if (start > end || start >= sizeBytes) {
    throw new AppError("range_not_satisfiable", `The range lies outside the file, which has ${sizeBytes} bytes.`);
  }
  return { start, end };
}
