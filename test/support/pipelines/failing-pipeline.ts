import type { DeadLetter, OnError, Sink } from '../../../src/connector/index.js';
import { Pipeline, type Source } from '../../../src/index.js';
import type { Stage } from '../../../src/pipeline/index.js';
import { fc } from '../fast-check.js';

/** What a stage of a random pipeline does. It fails at each item whose digest `every` divides; 0 for never. */
export interface FailingNode {
  readonly kind: 'map' | 'filter' | 'flatMap' | 'peek' | 'count' | 'keep' | 'sum' | 'async' | 'sink';
  readonly every: number;
  readonly gives: 'skip' | 'letter';
  readonly next: readonly FailingNode[];
}

const KINDS = ['map', 'filter', 'flatMap', 'peek', 'count', 'keep', 'sum', 'async'] as const;
const SINK: FailingNode = { kind: 'sink', every: 0, gives: 'skip', next: [] };

/** Branches of stages, each of which ends in a sink. */
export const failingNodes = (depth: number): fc.Arbitrary<readonly FailingNode[]> => {
  const sink = fc.constant<readonly FailingNode[]>([SINK]);
  if (depth === 0) return sink;
  const stage = fc.record({
    kind: fc.constantFrom(...KINDS),
    every: fc.constantFrom(0, 2, 3, 5, 7),
    gives: fc.constantFrom('skip' as const, 'letter' as const),
    next: failingNodes(depth - 1),
  });
  return fc.oneof(
    { weight: 1, arbitrary: sink },
    { weight: 3, arbitrary: fc.array(stage, { minLength: 1, maxLength: 3 }) },
  );
};

const KEYS = 3;

/** Differs from stage to stage, so that they fail at different items. */
export const digestOf = (text: string): number => {
  let digest = 7;
  for (let index = 0; index < text.length; index += 1) digest = (digest * 31 + text.charCodeAt(index)) >>> 0;
  return digest;
};

const isHit = ({ every }: FailingNode, name: string, item: string): boolean =>
  every > 0 && digestOf(name + item) % every === 0;

/** Changed in its depth, before the stage fails. */
export interface Nested {
  readonly inner: { count: number; readonly seen: string[] };
}

export const emptyState = (): Nested => ({ inner: { count: 0, seen: [] } });

const MOST_SEEN = 3;

/** What the functions of the stages do, for the pipeline and for its model alike. `Failed` is thrown after the change. */
export const stageFunctions = (node: FailingNode, name: string) => {
  const check = (item: string): void => {
    if (isHit(node, name, item)) throw new Error(`${name} at ${item}`);
  };
  return {
    map: (item: string): string => {
      check(item);
      return `${item}.`;
    },
    filter: (item: string): boolean => {
      check(item);
      return digestOf(item) % 4 !== 0;
    },
    *flatMap(item: string): Generator<string> {
      for (let copy = 0; copy < 3; copy += 1) {
        if (copy === 2) check(item);
        yield `${item}${copy}`;
      }
    },
    peek: check,
    keyOf: (item: string): number => digestOf(item) % KEYS,
    count: (state: Nested, key: number, item: string): string | undefined => {
      state.inner.count += 1;
      state.inner.seen.push(item.slice(0, 4));
      if (state.inner.seen.length > MOST_SEEN) state.inner.seen.shift();
      check(item);
      if (state.inner.count % 5 === 0) return undefined;
      return `${item}(${key}:${state.inner.count} ${state.inner.seen.join()})`;
    },
    keep: (state: Nested, _key: number, item: string): boolean => {
      state.inner.count += 1;
      check(item);
      return state.inner.count % 3 !== 0;
    },
    sum: (sum: number, item: string): number => {
      check(item);
      return sum + item.length;
    },
    forget: ({ inner }: Nested): boolean => inner.count === 7,
  };
};

export interface PipelineEnds {
  readonly source: Source<string>;
  /** By the path of its node. */
  readonly sinkOf: (name: string) => Sink<string>;
  readonly letters: Sink<DeadLetter>;
  /** Called with each item of the first stage, which fails the job where this throws. */
  readonly flaky: (item: string) => void;
}

/** The pipeline of a tree, over ends of the test's. */
export const buildFailing = (roots: readonly FailingNode[], ends: PipelineEnds): Pipeline => {
  const pipeline = Pipeline.create();
  const first = pipeline.readFrom(ends.source).peek(ends.flaky);
  roots.forEach((node, index) => {
    grow(first, node, `s${index}`, ends);
  });
  return pipeline;
};

const grow = (stage: Stage<string>, node: FailingNode, name: string, ends: PipelineEnds): void => {
  if (node.kind === 'sink') {
    stage.writeTo(ends.sinkOf(name)).setName(name);
    return;
  }
  const onError: OnError = node.gives === 'skip' ? 'skip' : { deadLetter: ends.letters };
  const next = stageOf(stage, node, name, onError).setName(name);
  node.next.forEach((child, index) => {
    grow(next, child, `${name}-${index}`, ends);
  });
};

const stageOf = (stage: Stage<string>, node: FailingNode, name: string, onError: OnError): Stage<string> => {
  const functions = stageFunctions(node, name);
  const keyed = () => stage.groupingKey(functions.keyOf);
  switch (node.kind) {
    case 'map':
      return stage.map(functions.map, { onError });
    case 'filter':
      return stage.filter(functions.filter, { onError });
    case 'flatMap':
      return stage.flatMap(functions.flatMap, { onError });
    case 'peek':
      return stage.peek(functions.peek, { onError });
    case 'count':
      return keyed().mapStateful(emptyState, functions.count, { onError, forgetWhen: functions.forget });
    case 'keep':
      return keyed().filterStateful(emptyState, functions.keep, { onError });
    case 'sum': {
      const operation = { create: () => 0, accumulate: functions.sum, export: (sum: number) => sum };
      return keyed()
        .rollingAggregate(operation, { onError })
        .setName(name)
        .map(({ key, value }) => `${key}=${value}`)
        .setName(`${name}'`);
    }
    case 'async':
      return stage.mapAsync(async (item: string) => functions.map(item), { onError });
    case 'sink':
      return stage;
  }
};
