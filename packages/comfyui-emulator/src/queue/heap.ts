/** True when the first goes before the second. May throw, as Python's comparisons do. */
export type IsBefore<Item> = (first: Item, second: Item) => boolean;

/**
 * A binary min-heap laid out exactly like Python's `heapq`: `GET /queue` shows the bare array, so the layout is part
 * of the protocol. The item to push is in the array before it is compared: a comparison that throws leaves it there.
 */
export interface Heap<Item> {
  readonly items: readonly Item[];
  push(item: Item): void;
  pop(): Item | undefined;
  /** Takes out the first item (in array order) that matches, and orders the rest anew. */
  remove(matches: (item: Item) => boolean): Item | undefined;
  clear(): void;
}

export function createHeap<Item>(isBefore: IsBefore<Item>): Heap<Item> {
  const items: Item[] = [];

  /** Moves the item at `position` up to its place, but not above `top`. */
  function rise(top: number, position: number): void {
    const item = items[position];
    if (item === undefined) return;
    let at = position;
    while (at > top) {
      const parentAt = (at - 1) >> 1;
      const parent = items[parentAt];
      if (parent === undefined || !isBefore(item, parent)) break;
      items[at] = parent;
      at = parentAt;
    }
    items[at] = item;
  }

  /** Lets the smaller child move up all the way down, then lifts the item: fewer comparisons, and heapq's layout. */
  function sink(start: number): void {
    const item = items[start];
    if (item === undefined) return;
    let at = start;
    for (let child = 2 * at + 1; child < items.length; child = 2 * at + 1) {
      const [left, right] = [items[child], items[child + 1]];
      const takesRight = right !== undefined && left !== undefined && !isBefore(left, right);
      const winner = takesRight ? right : left;
      if (winner === undefined) break;
      items[at] = winner;
      at = takesRight ? child + 1 : child;
    }
    items[at] = item;
    rise(start, at);
  }

  return {
    items,
    push(item) {
      items.push(item);
      rise(0, items.length - 1);
    },
    pop() {
      const last = items.pop();
      const first = items[0];
      if (first === undefined || last === undefined) return last;
      items[0] = last;
      sink(0);
      return first;
    },
    remove(matches) {
      const index = items.findIndex(matches);
      if (index < 0) return undefined;
      const [removed] = items.splice(index, 1);
      for (let at = (items.length >> 1) - 1; at >= 0; at--) sink(at);
      return removed;
    },
    clear() {
      items.length = 0;
    },
  };
}
