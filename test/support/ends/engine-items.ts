import { Pipeline } from '../../../src/pipeline/pipeline.js';
import type { Stage } from '../../../src/pipeline/stage.js';
import type { PipelineGraph } from '../../../src/pipeline/vertex.js';
import type { SeededRandom } from '../seeded-random.js';
import type { SimulatedSink } from './simulated-sink.js';
import type { SimulatedSource } from './simulated-source.js';
import type { Traced } from './traced.js';

const extended = (item: Traced, step: string): Traced => ({ ...item, path: `${item.path}/${step}` });

const addStage = (stage: Stage<Traced>, random: SeededRandom, id: number): Stage<Traced> => {
  const kinds = ['map', 'filter', 'flatMap', 'mapAsync', 'peek'] as const;
  switch (random.pick(kinds)) {
    case 'map':
      return stage.map((item) => extended(item, `map${id}`));
    case 'filter':
      return stage.filter((item) => (item.sequence + id) % 3 !== 0);
    case 'flatMap':
      return stage.flatMap((item) =>
        Array.from({ length: (item.sequence + id) % 3 }, (_, index) => extended(item, `flat${id}.${index}`)),
      );
    case 'mapAsync':
      return stage.mapAsync((item) => extended(item, `async${id}`), { maxConcurrency: 1 + random.below(5) });
    case 'peek':
      return stage.peek(() => {});
  }
};

/** A random pipeline: stages that fan out and merge, behind every source, until each branch ends in a sink. */
export const randomPipeline = (
  random: SeededRandom,
  sources: readonly SimulatedSource[],
  sinks: readonly SimulatedSink[],
): PipelineGraph => {
  const pipeline = Pipeline.create();
  const stages: Stage<Traced>[] = sources.map((source) => pipeline.readFrom(source.definition));
  const open = new Set(stages);
  for (let id = 0; id < 2 + random.below(7); id += 1) {
    const from = random.pick(stages);
    const next = random.chance(0.2) ? from.merge(random.pick(stages)) : addStage(from, random, id);
    stages.push(next);
    open.add(next);
  }
  // every stage writes to some sink, so that fan-out is common; one sink may stand behind several stages
  for (const stage of random.chance(0.5) ? stages : open) stage.writeTo(random.pick(sinks).definition);
  return pipeline.toGraph();
};

/** The reference: what one input leads to at each sink vertex, found by walking the graph item by item. */
export const expectedOutputs = (
  graph: PipelineGraph,
  from: number,
  item: Traced,
): ReadonlyMap<number, readonly string[]> => {
  const outputs = new Map<number, string[]>();
  const pass = (vertexId: number, one: Traced): void => {
    for (const { to } of graph.edges.filter((edge) => edge.from === vertexId)) enter(to, one);
  };
  const enter = (id: number, one: Traced): void => {
    const work = graph.vertices[id]?.work;
    if (work === undefined) return;
    switch (work.kind) {
      case 'sink':
        outputs.set(id, [...(outputs.get(id) ?? []), one.path]);
        break;
      case 'map':
        pass(id, work.apply(one) as Traced);
        break;
      case 'filter':
        if (work.apply(one)) pass(id, one);
        break;
      case 'flatMap':
        for (const each of work.apply(one)) pass(id, each as Traced);
        break;
      case 'mapAsync':
        pass(id, work.call(one, new AbortController().signal) as Traced);
        break;
      default:
        pass(id, one);
    }
  };
  pass(from, item);
  return outputs;
};
