import { AppError } from "../errors.ts";

const SIZE_BYTES_MIN = 10;
const SIZE_BYTES_MAX = 256;

/** The bytes that are hashed: one form for what looks the same, however a keyboard composes it. */
export function prepare(password: string): Buffer {
  // What is longer was refused when the password was chosen, so it is wrong; hashing it whole would let a stranger choose the work.
  return Buffer.from(password.slice(0, SIZE_BYTES_MAX * 4).normalize("NFKC"), "utf8").subarray(0, SIZE_BYTES_MAX + 1);
}

/** What is wrong with a password, as a sentence; undefined when it will do. */
export function findPasswordFault(password: string, email: string): string | undefined {
  if (!password.isWellFormed()) return "holds half of a character: expected text";
  const sizeBytes = Buffer.byteLength(password.normalize("NFKC"), "utf8");
  if (sizeBytes < SIZE_BYTES_MIN) return `is too short: expected at least ${SIZE_BYTES_MIN} bytes, got ${sizeBytes}`;
  if (sizeBytes > SIZE_BYTES_MAX) return `is too long: expected at most ${SIZE_BYTES_MAX} bytes, got ${sizeBytes}`;
  if (password.trim() === "") return "is made of spaces alone: expected something to remember";
  if (password.toLowerCase() === email.toLowerCase()) return "is the e-mail address: expected something nobody knows";
  return undefined;
}

/** @throws AppError `invalid_input` with the rule that a password breaks; never with the password */
export function assertPassword(password: string, email: string, path = "password"): void {
  const fault = findPasswordFault(password, email);
  if (fault === undefined) return;
  throw new AppError("invalid_input", `${path}: The password ${fault}.`, { details: [{ path, message: fault }] });
}
