import type { PipelineGraph, Vertex } from '../vertex.js';

/** Whether a stage can do nothing with an item that has no timestamp. */
export const needsTime = ({ work }: Vertex): boolean => work.kind === 'stateful' && work.timed?.clock === 'event';

/** Whether what stands behind a vertex has a time of its own: items are given one there, wait there, or are made by timers. */
const isRoot = (vertex: Vertex): boolean => givesTime(vertex) || vertex.work.kind === 'mapAsync' || needsTime(vertex);

const givesTime = ({ work }: Vertex): boolean => work.kind === 'timestamps' || work.kind === 'arrival';

/** Where the event time of a stage comes from. */
export interface TimeRoots {
  /** Vertices whose items have a timestamp when they leave. */
  readonly timed: ReadonlySet<number>;
  /** By vertex: the roots of the streams that lead to it, in ascending order. */
  readonly before: ReadonlyMap<number, readonly number[]>;
}

/** A stream has timestamps from `withTimestamps` on; where streams meet, if each of them has. */
export const timeRootsOf = ({ vertices, edges }: PipelineGraph): TimeRoots => {
  const timed = new Set<number>();
  const before = new Map<number, readonly number[]>();
  const into: number[][] = vertices.map(() => []);
  for (const { from, to } of edges) into[to]?.push(from);
  // edges lead upwards, so what leads to a vertex is known when it is looked at
  for (const vertex of vertices) {
    const { id } = vertex;
    const from = (into[id] ?? []).flatMap((one) => vertices[one] ?? []);
    if (givesTime(vertex) || (from.length > 0 && from.every((one) => timed.has(one.id)))) timed.add(id);
    const roots = from.flatMap((one) => (isRoot(one) ? [one.id] : (before.get(one.id) ?? [])));
    before.set(
      id,
      [...new Set(roots)].sort((a, b) => a - b),
    );
  }
  return { timed, before };
};
