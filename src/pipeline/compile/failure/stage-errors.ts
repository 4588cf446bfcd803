import type { OnError } from '../../../connector/sink.js';
import type { PipelineGraph, Vertex } from '../../vertex.js';

/** What happens to an item that a stage fails at; a vertex without a function has none that it could fail at. */
export const onErrorOf = ({ work }: Vertex): OnError => ('onError' in work ? work.onError : 'fail');

/** Whether some stage between an entry and the next boundaries rejects items instead of failing the job. */
export const mayReject = (graph: PipelineGraph, entry: number, isBoundary: (vertex: Vertex) => boolean): boolean => {
  const within = new Set([entry]);
  // edges lead upwards, so one pass is enough, however often branches part and meet again
  for (const { from, to } of [...graph.edges].sort((a, b) => a.from - b.from)) {
    const vertex = within.has(from) ? graph.vertices[to] : undefined;
    if (vertex === undefined || isBoundary(vertex)) continue;
    if (onErrorOf(vertex) !== 'fail') return true;
    within.add(to);
  }
  return false;
};
