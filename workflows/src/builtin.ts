/**
 * Where a built-in input file lies: the `file` of a `builtin` reference, relative to this package.
 *
 * @throws RangeError for anything but a known file; plans are stored, and a stored path must never reach the rest of a disk.
 * @example createReadStream(builtinFile("tts/voice/default.wav"));
 */
export function builtinFile(file: string): URL {
  if (!builtinFiles.includes(file)) throw new RangeError(`No built-in file is called "${file}".`);
  return new URL(`../${file}`, import.meta.url);
}

/** Every file that a plan may refer to as built in. */
export const builtinFiles: readonly string[] = ["tts/voice/default.wav"];
