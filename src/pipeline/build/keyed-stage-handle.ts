import type { OptionChecks } from '../../internal/options/check-options.js';
import { func } from '../../internal/options/option-checks.js';
import { refuseMore } from '../../internal/options/refuse-more.js';
import type { AggregateOperation } from '../aggregates/aggregate-operation.js';
import { StateCodecs } from '../codec/state-codecs.js';
import type { KeyedStage, Stage } from '../stage.js';
import type { StateKey } from '../stage-state.js';
import type { Entry, StateOptions } from '../state-options.js';
import type { StatefulOperation, StatefulWork } from '../vertex.js';
import { checkFunctions, checkName } from './check-parts.js';
import { checkStageOptions, STAGE, stateCodec } from './check-stage-options.js';
import type { GraphBuilder } from './graph-builder.js';

/** Makes the stage that stands for a vertex. */
type HandleOf = <T>(graph: GraphBuilder, id: number) => Stage<T>;

const STATE: OptionChecks<StateOptions<never>> = { ...STAGE, codec: stateCodec, forgetWhen: func };
const KEEP = (): boolean => false;

/** A grouping as a handle on its vertex. */
export class KeyedStageHandle<T, K extends StateKey> implements KeyedStage<T, K> {
  readonly #graph: GraphBuilder;
  readonly #id: number;
  readonly #handleOf: HandleOf;

  constructor(graph: GraphBuilder, id: number, handleOf: HandleOf) {
    this.#graph = graph;
    this.#id = id;
    this.#handleOf = handleOf;
  }

  get name(): string {
    return this.#graph.nameOf(this.#id);
  }

  setName(name: string): this {
    checkName(name);
    this.#graph.rename(this.#id, name);
    return this;
  }

  mapStateful<S extends object, R>(
    createFn: () => S,
    mapFn: (state: S, key: K, item: T) => R,
    options: StateOptions<S> = {},
  ): Stage<NonNullable<R>> {
    checkFunctions('mapStateful', { createFn, mapFn });
    return this.#stateful({ kind: 'mapStateful', create: createFn, apply: mapFn }, options);
  }

  filterStateful<S extends object>(
    createFn: () => S,
    predicate: (state: S, key: K, item: T) => boolean,
    options: StateOptions<S> = {},
  ): Stage<T> {
    checkFunctions('filterStateful', { createFn, predicate });
    return this.#stateful({ kind: 'filterStateful', create: createFn, apply: predicate }, options);
  }

  rollingAggregate<A, R>(operation: AggregateOperation<T, A, R>, options: StateOptions<A> = {}): Stage<Entry<K, R>> {
    const { create, accumulate, export: exportFn } = Object(operation);
    checkFunctions('rollingAggregate', { create, accumulate, export: exportFn });
    return this.#stateful(
      {
        kind: 'rollingAggregate',
        create: () => operation.create(),
        accumulate: (accumulator: A, item: T) => operation.accumulate(accumulator, item),
        export: (accumulator: A) => operation.export(accumulator),
      },
      options,
    );
  }

  #stateful<S, R>(operation: StatefulOperation, options: StateOptions<S>): Stage<R> {
    checkStageOptions<StateOptions<S>>(operation.kind, options, STATE);
    const { codec = StateCodecs.structuredClone<S>(), forgetWhen = KEEP, onError = 'fail' } = options;
    const work: StatefulWork = { kind: 'stateful', operation, codec, forgetWhen, onError };
    return this.#handleOf<R>(this.#graph, this.#graph.add(work, [this.#id], operation.kind));
  }

  static {
    refuseMore(
      'a stage with keys',
      {
        setName: 1,
        mapStateful: 3,
        filterStateful: 3,
        rollingAggregate: 2,
      },
      KeyedStageHandle.prototype,
    );
  }
}
