import type { OnError } from '../../connector/sink.js';
import type { PipelineGraph, Vertex } from '../vertex.js';

/** What happens to an item that a stage fails at; a vertex without a function has none that it could fail at. */
export const onErrorOf = ({ work }: Vertex): OnError => ('onError' in work ? work.onError : 'fail');

/** Whether some stage between an entry and the next boundaries gives items up instead of failing the job. */
export const mayReject = (graph: PipelineGraph, entry: number, isBoundary: (vertex: Vertex) => boolean): boolean =>
  graph.edges.some(({ from, to }) => {
    const vertex = from === entry ? graph.vertices[to] : undefined;
    if (vertex === undefined || isBoundary(vertex)) return false;
    return onErrorOf(vertex) !== 'fail' || mayReject(graph, to, isBoundary);
  });
