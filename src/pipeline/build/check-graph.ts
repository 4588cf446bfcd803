import { MillraceError } from '../../errors/millrace-error.js';
import { needsTime, timeRootsOf } from '../time/time-roots.js';
import type { PipelineGraph } from '../vertex.js';

/** Ids of the vertices from which some sink can be reached. Edges lead upwards, so one pass from the end is enough. */
const reachSink = ({ vertices, edges }: PipelineGraph): ReadonlySet<number> => {
  const reaching = new Set(vertices.filter(({ work }) => work.kind === 'sink').map(({ id }) => id));
  for (const { from, to } of [...edges].sort((a, b) => b.to - a.to)) {
    if (reaching.has(to)) reaching.add(from);
  }
  return reaching;
};

/** What keeps something durable under its name. */
const KEEPS: ReadonlySet<string> = new Set(['source', 'timestamps', 'mapAsync', 'stateful', 'sink']);

/** What the types of the stages say as well. */
const checkTimes = (graph: PipelineGraph): void => {
  const { timed } = timeRootsOf(graph);
  const timeless = graph.vertices
    .filter((vertex) => needsTime(vertex) && !timed.has(vertex.id))
    .map(({ name }) => name);
  if (timeless.length === 0) return;
  throw new MillraceError(
    'INVALID_OPTIONS',
    `these stages go by timestamps, and their items have none: ${timeless.join(', ')}`,
    {
      advice:
        'Give every source that leads to them a time: readFrom(…).withTimestamps(…) or withIngestionTimestamps().',
      details: { stages: timeless },
    },
  );
};

const checkNames = ({ vertices }: PipelineGraph): void => {
  const names = vertices.filter(({ work }) => KEEPS.has(work.kind)).map(({ name }) => name);
  const twice = [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
  if (twice.length === 0) return;
  throw new MillraceError('INVALID_OPTIONS', `several parts of the pipeline have the same name: ${twice.join(', ')}`, {
    advice:
      'Sources, sinks, mapAsync stages, stages with state and those that give timestamps need names of their own: use setName.',
    details: { names: twice },
  });
};

/** @throws MillraceError INVALID_OPTIONS that names all that is wrong at once */
export const checkGraph = (graph: PipelineGraph): void => {
  if (!graph.vertices.some(({ work }) => work.kind === 'source')) {
    throw new MillraceError('INVALID_OPTIONS', 'the pipeline has no source', {
      advice: 'Start it with pipeline.readFrom(source).',
    });
  }
  checkNames(graph);
  checkTimes(graph);
  const reaching = reachSink(graph);
  const dangling = graph.vertices.filter(({ id }) => !reaching.has(id)).map(({ name }) => name);
  if (dangling.length === 0) return;
  throw new MillraceError('INVALID_OPTIONS', `the items of these stages reach no sink: ${dangling.join(', ')}`, {
    advice: 'End every branch with writeTo(sink); Sinks.noop() drops items on purpose.',
    details: { stages: dangling },
  });
};
