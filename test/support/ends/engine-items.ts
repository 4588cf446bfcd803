import type { OnError } from '../../../src/connector/index.js';
import { Pipeline } from '../../../src/pipeline/pipeline.js';
import type { Stage } from '../../../src/pipeline/stage.js';
import type { PipelineGraph } from '../../../src/pipeline/vertex.js';
import type { SeededRandom } from '../seeded-random.js';
import type { SimulatedSink } from './simulated-sink.js';
import type { SimulatedSource } from './simulated-source.js';
import type { Traced } from './traced.js';

const extended = (item: Traced, step: string): Traced => ({ ...item, path: `${item.path}/${step}` });

/** Every other one rejects some items, with a letter. */
const observe =
  (id: number) =>
  ({ sequence }: Traced): void => {
    if (id % 2 === 0 && (sequence + id) % 5 === 0) throw new Error(`peek ${id} at ${sequence}`);
  };

interface Added {
  readonly id: number;
  readonly onError: OnError;
}

const addStage = (stage: Stage<Traced>, random: SeededRandom, { id, onError }: Added): Stage<Traced> => {
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
      return stage.peek(observe(id), { onError });
  }
};

export interface PipelineEnds {
  readonly sources: readonly SimulatedSource[];
  readonly sinks: readonly SimulatedSink[];
  /** Of the stages that reject items. */
  readonly onError: OnError;
}

/** A random pipeline: stages that fan out and merge, behind every source, until each branch ends in a sink. */
export const randomPipeline = (random: SeededRandom, { sources, sinks, onError }: PipelineEnds): PipelineGraph => {
  const pipeline = Pipeline.create();
  const stages: Stage<Traced>[] = sources.map((source) => pipeline.readFrom(source.definition));
  const open = new Set(stages);
  for (let id = 0; id < 2 + random.below(7); id += 1) {
    const from = random.pick(stages);
    const next = random.chance(0.2) ? from.merge(random.pick(stages)) : addStage(from, random, { id, onError });
    stages.push(next);
    open.add(next);
  }
  // every stage writes to some sink, so that fan-out is common; one sink may stand behind several stages
  for (const stage of random.chance(0.5) ? stages : open) stage.writeTo(random.pick(sinks).definition);
  return pipeline.toGraph();
};

/** What comes to the stages behind a source, or behind a mapAsync stage: it happens as a whole, or one of them rejects it. */
interface Input {
  readonly from: number;
  readonly item: Traced;
}

class Rejected extends Error {
  readonly id: number;
  readonly item: Traced;

  constructor(id: number, item: Traced) {
    super(`stage ${id} rejects ${item.path}`);
    this.id = id;
    this.item = item;
  }
}

/** The reference: what one input leads to at each sink vertex, and the letters of each stage, found by walking the graph item by item. */
export const expectedOutputs = (
  graph: PipelineGraph,
  from: number,
  item: Traced,
): ReadonlyMap<number, readonly string[]> => {
  const outputs = new Map<number, string[]>();
  let inputs: readonly Input[] = [{ from, item }];
  while (inputs.length > 0) {
    const all = inputs.map((input) => effectsOf(graph, input));
    for (const { led } of all) for (const [id, path] of led) outputs.set(id, [...(outputs.get(id) ?? []), path]);
    inputs = all.flatMap(({ calls }) => calls);
  }
  return outputs;
};

interface Effects {
  readonly led: readonly (readonly [vertex: number, path: string])[];
  /** Results of mapAsync stages, which are inputs behind them. */
  readonly calls: readonly Input[];
}

const effectsOf = (graph: PipelineGraph, { from, item }: Input): Effects => {
  const led: [number, string][] = [];
  const calls: Input[] = [];
  const pass = (vertexId: number, one: Traced): void => {
    for (const { to } of graph.edges.filter((edge) => edge.from === vertexId)) enter(to, one);
  };
  const enter = (id: number, one: Traced): void => {
    const work = graph.vertices[id]?.work;
    if (work === undefined) return;
    switch (work.kind) {
      case 'sink':
        led.push([id, one.path]);
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
        calls.push({ from: id, item: work.call(one, new AbortController().signal) as Traced });
        break;
      case 'peek':
        try {
          work.observe(one);
        } catch {
          throw new Rejected(id, one);
        }
        pass(id, one);
        break;
      default:
        pass(id, one);
    }
  };
  try {
    pass(from, item);
    return { led, calls };
  } catch (error) {
    if (!(error instanceof Rejected)) throw error;
    return { led: [[error.id, error.item.path]], calls: [] };
  }
};
