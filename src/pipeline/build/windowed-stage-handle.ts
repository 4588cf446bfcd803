import { refuseMore } from '../../internal/options/refuse-more.js';
import type { AggregateOperation } from '../aggregates/aggregate-operation.js';
import type { KeyedWindowedStage, Stage, WindowedStage } from '../stage.js';
import type { StateKey } from '../stage-state.js';
import type { WindowOptions } from '../window-options.js';
import type { WindowDefinition } from '../windows/window-definition.js';
import type { KeyedWindowResult, WindowResult } from '../windows/window-result.js';
import type { GraphBuilder } from './graph-builder.js';
import { windowWork } from './window-work.js';

/** What a stage with windows stands behind. */
export interface WindowsPlace {
  readonly graph: GraphBuilder;
  /** Of the grouping. */
  readonly grouping: number;
  readonly definition: WindowDefinition;
  /** Makes the stage that stands for a vertex. */
  readonly handleOf: <R>(graph: GraphBuilder, id: number) => Stage<R, true>;
}

const addStage = <T, A, R>(
  { graph, grouping, definition, handleOf }: WindowsPlace,
  operation: AggregateOperation<T, A, unknown>,
  { keyed, ...options }: WindowOptions<T, A> & { readonly keyed: boolean },
): Stage<R, true> => {
  const id = graph.add(windowWork(definition, operation, { keyed, ...options }), [grouping], 'window');
  const { lateItems } = options;
  if (lateItems !== undefined) graph.addLate(id, graph.add({ kind: 'sink', sink: lateItems }, [], lateItems.name));
  return handleOf<R>(graph, id);
};

/** The windows of each key. */
export const keyedWindows = <T, K extends StateKey>(place: WindowsPlace): KeyedWindowedStage<T, K> => {
  const stage: KeyedWindowedStage<T, K> = {
    aggregate: <A, R>(operation: AggregateOperation<T, A, R>, options: WindowOptions<T, A> = {}) =>
      addStage<T, A, KeyedWindowResult<K, R>>(place, operation, { ...options, keyed: true }),
  };
  refuseMore('windows', { aggregate: 2 }, stage);
  return Object.freeze(stage);
};

/** Those of all items together, behind a grouping by one key. */
export const windowsOfAll = <T>(place: WindowsPlace): WindowedStage<T> => {
  const stage: WindowedStage<T> = {
    aggregate: <A, R>(operation: AggregateOperation<T, A, R>, options: WindowOptions<T, A> = {}) =>
      addStage<T, A, WindowResult<R>>(place, operation, { ...options, keyed: false }),
  };
  refuseMore('windows', { aggregate: 2 }, stage);
  return Object.freeze(stage);
};
