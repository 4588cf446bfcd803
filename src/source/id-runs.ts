/**
 * Packet ids in their order as runs of ids that follow each other: pairs of the first id and how many there are. Brokers count ids
 * up, so thousands of messages in flight are a few bytes in a commit.
 */
export const toIdRuns = (ids: Uint16Array): Uint16Array => {
  const runs: number[] = [];
  for (let at = 0; at < ids.length; ) {
    const first = ids[at] ?? 0;
    let count = 1;
    while (ids[at + count] === first + count) count += 1;
    runs.push(first, count);
    at += count;
  }
  return Uint16Array.from(runs);
};

/** The ids of runs that `toIdRuns` made. */
export const fromIdRuns = (runs: Uint16Array): number[] => {
  const ids: number[] = [];
  for (let at = 0; at + 1 < runs.length; at += 2) {
    const first = runs[at] ?? 0;
    for (let id = first; id < first + (runs[at + 1] ?? 0); id += 1) ids.push(id);
  }
  return ids;
};

/** Whether these can be runs: whole pairs, none empty, of packet ids. */
export const areIdRuns = (runs: Uint16Array): boolean => {
  if (runs.length % 2 !== 0) return false;
  for (let at = 0; at < runs.length; at += 2) {
    const first = runs[at] ?? 0;
    const count = runs[at + 1] ?? 0;
    if (first === 0 || count === 0 || first + count > 65_536) return false;
  }
  return true;
};
