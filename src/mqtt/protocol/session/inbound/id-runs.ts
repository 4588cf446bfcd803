/*
 * Packet ids in their order as runs of ids that follow each other: pairs of the first id and how many there are. Brokers count ids up,
 * so thousands of messages in flight are a few bytes in a commit.
 */

/** Adds the ids from index `from` up to `to` to the runs; 0 is none. */
export const appendIds = (runs: number[], ids: ArrayLike<number>, from: number, to: number): void => {
  for (let at = from; at < to; ) {
    const first = ids[at] ?? 0;
    at += 1;
    if (first === 0) continue;
    let count = 1;
    while (at < to && ids[at] === first + count) {
      at += 1;
      count += 1;
    }
    appendRun(runs, first, count);
  }
};

/** Adds runs to those before them. */
export const appendRuns = (runs: number[], more: readonly number[]): void => {
  for (let at = 0; at < more.length; at += 2) appendRun(runs, more[at] ?? 0, more[at + 1] ?? 0);
};

const appendRun = (runs: number[], first: number, count: number): void => {
  const last = runs.length - 2;
  const before = runs[last + 1] ?? 0;
  if (last >= 0 && (runs[last] ?? 0) + before === first) runs[last + 1] = before + count;
  else runs.push(first, count);
};

/** The ids of runs. */
export const fromIdRuns = (runs: ArrayLike<number>): number[] => {
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
