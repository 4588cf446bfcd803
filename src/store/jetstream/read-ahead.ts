/**
 * What comes in portions, one by one. The next portion is asked for before what has come is given: two are held at most.
 * @param ask those behind `after`, one at least; undefined: that was all
 */
export async function* readAhead<T>(
  ask: (after: T | undefined) => Promise<readonly T[]> | undefined,
): AsyncGenerator<T, void> {
  let asked = ask(undefined);
  while (asked !== undefined) {
    const portion: readonly T[] = await asked;
    asked = ask(portion.at(-1));
    // who reads no further does not hear of it
    asked?.catch(() => {});
    yield* portion;
  }
}
