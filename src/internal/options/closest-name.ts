/** Below it a name that lies in another says nothing: `to` is in `autoReconnect`. */
const SHORTEST_PART = 4;

/**
 * The name that was likely meant: one that differs by one letter, whatever their case, else the shortest of those that it begins (`pass`
 * and `password`), else one that differs by two, else the shortest of those that it is a part of, or that are a part of it (`guarantee` and
 * `processingGuarantee`). undefined when there is none.
 */
export const closestName = (name: string, names: readonly string[]): string | undefined => {
  if (name.length <= 2) return undefined;
  const ranked = names
    .map((candidate) => ({ candidate, distance: editDistance(name.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  const best = ranked[0];
  if (best === undefined || best.distance <= 1) return best?.candidate;
  const begun = shortest(names.filter((candidate) => begins(name, candidate)));
  if (begun !== undefined) return begun;
  if (best.distance <= 2) return best.candidate;
  return shortest(names.filter((candidate) => isPart(name, candidate) || isPart(candidate, name)));
};

const shortest = (names: readonly string[]): string | undefined => names.toSorted((a, b) => a.length - b.length)[0];

const begins = (part: string, whole: string): boolean =>
  part.length >= SHORTEST_PART && whole.toLowerCase().startsWith(part.toLowerCase());

const isPart = (part: string, whole: string): boolean =>
  part.length >= SHORTEST_PART && whole.toLowerCase().includes(part.toLowerCase());

const editDistance = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, replaced));
    }
    row = next;
  }
  return row[b.length] ?? 0;
};
