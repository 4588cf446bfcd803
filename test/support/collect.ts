/** Takes `count` values of an async iterable, or all of them, and ends the iteration. */
export async function collect<T>(values: AsyncIterable<T>, count = Number.POSITIVE_INFINITY): Promise<T[]> {
  const taken: T[] = [];
  if (count <= 0) return taken;
  for await (const value of values) {
    taken.push(value);
    if (taken.length >= count) break;
  }
  return taken;
}
