/**
 * The iterator of a generator that may be waiting: `return` first closes what it waits for. A generator's own `return` would
 * queue behind a `next` under way, which may never end (Node's streams read ahead).
 */
export const closingIterator = <T>(
  items: AsyncGenerator<T, void, void>,
  close: () => Promise<void>,
): AsyncIterableIterator<T, void, void> => ({
  next: () => items.next(),
  return: async () => {
    await close();
    return items.return();
  },
  [Symbol.asyncIterator]() {
    return this;
  },
});
