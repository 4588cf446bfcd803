import { MillraceError } from '../errors/millrace-error.js';
import type { PipelineGraph } from './vertex.js';

/** Ids of the vertices from which some sink can be reached. Edges lead upwards, so one pass from the end is enough. */
const reachSink = ({ vertices, edges }: PipelineGraph): ReadonlySet<number> => {
  const reaching = new Set(vertices.filter(({ work }) => work.kind === 'sink').map(({ id }) => id));
  for (const { from, to } of [...edges].sort((a, b) => b.to - a.to)) {
    if (reaching.has(to)) reaching.add(from);
  }
  return reaching;
};

/** @throws MillraceError INVALID_OPTIONS that names all that is wrong at once */
export const checkGraph = (graph: PipelineGraph): void => {
  if (!graph.vertices.some(({ work }) => work.kind === 'source')) {
    throw new MillraceError('INVALID_OPTIONS', 'the pipeline has no source', {
      advice: 'Start it with pipeline.readFrom(source).',
    });
  }
  const reaching = reachSink(graph);
  const dangling = graph.vertices.filter(({ id }) => !reaching.has(id)).map(({ name }) => name);
  if (dangling.length === 0) return;
  throw new MillraceError('INVALID_OPTIONS', `the items of these stages reach no sink: ${dangling.join(', ')}`, {
    advice: 'End every branch with writeTo(sink); Sinks.noop() drops items on purpose.',
    details: { stages: dangling },
  });
};
