import { refuseMore } from '../../internal/options/refuse-more.js';
import type { AggregateOperation } from '../aggregates/aggregate-operation.js';
import type { KeyedWindowedStage, Stage, WindowedStage } from '../stage.js';
import type { StateKey } from '../stage-state.js';
import type { WindowOptions } from '../window-options.js';
import type { AnyAggregate } from '../windows/accumulators.js';
import { bySide } from '../windows/by-side.js';
import type { WindowDefinition } from '../windows/window-definition.js';
import type { KeyedWindowResult, WindowResult } from '../windows/window-result.js';
import type { GraphBuilder } from './graph-builder.js';
import { vertexOf } from './stage-registry.js';
import { checkAggregate, type WindowsWanted, windowWork } from './window-work.js';

/** What a stage with windows stands behind. */
export interface WindowsPlace {
  readonly graph: GraphBuilder;
  /** Of the grouping. */
  readonly grouping: number;
  readonly definition: WindowDefinition;
  /** Makes the stage that stands for a vertex. */
  readonly handleOf: <R>(graph: GraphBuilder, id: number) => Stage<R, true>;
}

/** What a stage with windows is made of. */
interface Windows {
  readonly definition: WindowDefinition;
  /** Those it stands behind: one for each stream. */
  readonly groupings: readonly number[];
  readonly operation: AnyAggregate;
  readonly name?: string;
}

/** Adds one, with where its late items go, and gives its id. */
export const addWindows = <T, A>(
  graph: GraphBuilder,
  { definition, groupings, operation, name = 'window' }: Windows,
  options: WindowsWanted<T, A>,
): number => {
  const id = graph.add(windowWork(definition, operation, options), groupings, name);
  const { lateItems } = options;
  if (lateItems !== undefined) graph.addLate(id, graph.add({ kind: 'sink', sink: lateItems }, [], lateItems.name));
  return id;
};

const addStage = <T, A, R>(
  { graph, definition, handleOf }: WindowsPlace,
  windows: Omit<Windows, 'definition'>,
  options: WindowsWanted<T, A>,
): Stage<R, true> => handleOf<R>(graph, addWindows(graph, { definition, ...windows }, options));

/** A grouping by one key, for windows of all items together. */
export const groupingOfAll = (graph: GraphBuilder, id: number): number =>
  graph.add({ kind: 'groupingKey', keyOf: () => true, onError: 'fail' }, [id], 'all');

const both = (first: AnyAggregate, second: AnyAggregate): AnyAggregate => {
  for (const one of [first, second]) checkAggregate('aggregate2', one);
  return bySide(first, second);
};

/** The windows of each key. */
export const keyedWindows = <T, K extends StateKey>(place: WindowsPlace): KeyedWindowedStage<T, K> => {
  const { graph, grouping } = place;
  const stage: KeyedWindowedStage<T, K> = {
    aggregate: <A, R>(operation: AggregateOperation<T, A, R>, options: WindowOptions<T, A> = {}) =>
      addStage<T, A, KeyedWindowResult<K, R>>(place, { groupings: [grouping], operation }, { ...options, keyed: true }),
    aggregate2: (first, other, second, options = {}) => {
      const groupings = [grouping, vertexOf(other, { method: 'aggregate2', graph, kind: 'stage with keys' })];
      return addStage(place, { groupings, operation: both(first, second) }, { ...options, keyed: true });
    },
  };
  refuseMore('windows', { aggregate: 2, aggregate2: 4 }, stage);
  return Object.freeze(stage);
};

/** Those of all items together, behind a grouping by one key. */
export const windowsOfAll = <T>(place: WindowsPlace): WindowedStage<T> => {
  const { graph, grouping } = place;
  const stage: WindowedStage<T> = {
    aggregate: <A, R>(operation: AggregateOperation<T, A, R>, options: WindowOptions<T, A> = {}) =>
      addStage<T, A, WindowResult<R>>(place, { groupings: [grouping], operation }, { ...options, keyed: false }),
    aggregate2: (first, other, second, options = {}) => {
      const operation = both(first, second);
      const id = vertexOf(other, { method: 'aggregate2', graph, kind: 'stage' });
      return addStage(
        place,
        { groupings: [grouping, groupingOfAll(graph, id)], operation },
        { ...options, keyed: false },
      );
    },
  };
  refuseMore('windows', { aggregate: 2, aggregate2: 4 }, stage);
  return Object.freeze(stage);
};
