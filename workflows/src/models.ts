/** A model file that a graph needs. Callers never name files; a backend's own list is searched for one that fits. */
export interface ModelSlot {
  /** The loader: id of its node in the graph, and the input that takes the file name. */
  readonly node: string;
  readonly input: string;
  /** Known good files, the best first. */
  readonly files: readonly [string, ...string[]];
  /** Other names of the same model. Matched against the name without its folders; must not match models that need other settings. */
  readonly pattern: RegExp;
  /** A sentence: where the first file comes from and into which folder it goes. */
  readonly install: string;
}

const baseName = (path: string): string => path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);

// By code unit, not by locale: two machines must choose the same file.
const byText = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);

/** The choice of a loader that fits the slot: a known file (sub-folders are fine), else the first by name that matches the pattern. */
export function chooseModelFile(slot: ModelSlot, choices: readonly string[]): string | undefined {
  const sorted = [...choices].sort(byText);
  for (const file of slot.files) {
    const found = sorted.find((choice) => baseName(choice).toLowerCase() === file.toLowerCase());
    if (found !== undefined) return found;
  }
  return sorted.find((choice) => slot.pattern.test(baseName(choice)));
}
