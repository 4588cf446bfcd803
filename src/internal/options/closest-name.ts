/** Below it a name that lies in another says nothing: `to` is in `autoReconnect`. */
const SHORTEST_PART = 4;

/**
 * The name that was likely meant: one that differs by at most two letters, whatever their case, else the shortest of those that it is a
 * part of, or that are a part of it (`guarantee` and `processingGuarantee`). undefined when there is none.
 */
export const closestName = (name: string, names: readonly string[]): string | undefined => {
  if (name.length <= 2) return undefined;
  const ranked = names
    .map((candidate) => ({ candidate, distance: editDistance(name.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  const best = ranked[0];
  return best !== undefined && best.distance <= 2 ? best.candidate : shortestRelative(name, names);
};

const shortestRelative = (name: string, names: readonly string[]): string | undefined => {
  const related = names.filter((candidate) => isPart(name, candidate) || isPart(candidate, name));
  return related.sort((a, b) => a.length - b.length)[0];
};

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
