/** Works through a list, so many at a time, and gives the results in its order. */
export async function inLanes<Item, Result>(
  items: readonly Item[],
  laneCount: number,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results = new Map<number, Result>();
  const rest = [...items.entries()];
  const run = async () => {
    for (let next = rest.shift(); next; next = rest.shift()) results.set(next[0], await work(next[1]));
  };
  await Promise.all(Array.from({ length: laneCount }, run));
  return items.flatMap((_, index) => {
    const result = results.get(index);
    return result === undefined ? [] : [result];
  });
}
