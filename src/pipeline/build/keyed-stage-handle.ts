import type { OptionChecks } from '../../internal/options/check-options.js';
import { invalidOptions } from '../../internal/options/invalid-options.js';
import { count, func, oneOf, wholeNumber } from '../../internal/options/option-checks.js';
import { refuseMore } from '../../internal/options/refuse-more.js';
import type { AggregateOperation } from '../aggregates/aggregate-operation.js';
import { AggregateOperations } from '../aggregates/aggregate-operations.js';
import { StateCodecs } from '../codec/state-codecs.js';
import type { KeyedStage, KeyedWindowedStage, Stage } from '../stage.js';
import type { StageOptions } from '../stage-options.js';
import type { StateKey } from '../stage-state.js';
import { aggregateForm, type StateForm } from '../state-form.js';
import type {
  ClockOptions,
  Entry,
  ForgetOptions,
  KeptItemOptions,
  StateOptions,
  TimerOptions,
} from '../state-options.js';
import { FARTHEST_MS } from '../timers/call-timers.js';
import type { Timers } from '../timers/timers.js';
import type { StatefulOperation, StatefulWork } from '../vertex.js';
import type { SessionizeOptions } from '../window-options.js';
import { WindowDefinition } from '../windows/window-definition.js';
import type { KeyedWindowResult } from '../windows/window-result.js';
import { checkFunctions, checkName } from './check-parts.js';
import { checkStageOptions, STAGE, stateCodec } from './check-stage-options.js';
import type { GraphBuilder } from './graph-builder.js';
import { keptItemCodec } from './kept-item.js';
import { debounceStage, isOver, type RateStage, sampleStage, throttleStage } from './rate-stages.js';
import { registerStage, vertexOf } from './stage-registry.js';
import { checkWindows } from './window-work.js';
import { addWindows, keyedWindows } from './windowed-stage-handle.js';

/** Makes the stage that stands for a vertex. */
type HandleOf<Timed extends boolean> = <T>(graph: GraphBuilder, id: number) => Stage<T, Timed>;

const MILLISECONDS = wholeNumber(1, FARTHEST_MS);
const FORGET: OptionChecks<StageOptions & ForgetOptions> = { ...STAGE, forgetAfter: MILLISECONDS, maxKeys: count };
const STATE: OptionChecks<StateOptions<never>> = { ...FORGET, codec: stateCodec, forgetWhen: func };
const TIMER: OptionChecks<TimerOptions<never, never, never> & ClockOptions<true>> = {
  ...STATE,
  onTimer: func,
  clock: oneOf('processing', 'event'),
};
const KEPT: OptionChecks<KeptItemOptions<never>> = { ...STAGE, codec: stateCodec };
const SESSION: OptionChecks<SessionizeOptions<never> & ClockOptions<true>> = {
  ...KEPT,
  maxItems: count,
  clock: oneOf('processing', 'event'),
};
const KEEP = (): boolean => false;

/** A grouping as a handle on its vertex. */
export class KeyedStageHandle<T, K extends StateKey, Timed extends boolean> implements KeyedStage<T, K, Timed> {
  readonly #graph: GraphBuilder;
  readonly #id: number;
  readonly #handleOf: HandleOf<Timed>;

  constructor(graph: GraphBuilder, id: number, handleOf: HandleOf<Timed>) {
    this.#graph = graph;
    this.#id = id;
    this.#handleOf = handleOf;
    registerStage(this, graph, id, 'stage with keys');
  }

  get name(): string {
    return this.#graph.nameOf(this.#id);
  }

  setName(name: string): this {
    checkName(name);
    this.#graph.rename(this.#id, name);
    return this;
  }

  merge<U>(this: KeyedStage<T, K, true>, other: KeyedStage<U, K, true>): KeyedStage<T | U, K, true>;
  merge<U>(other: KeyedStage<U, K>): KeyedStage<T | U, K>;
  merge<U>(other: KeyedStage<U, K>): KeyedStage<T | U, K> {
    const id = vertexOf(other, { method: 'merge', graph: this.#graph, kind: 'stage with keys' });
    return new KeyedStageHandle(this.#graph, this.#graph.add({ kind: 'merge' }, [this.#id, id]), this.#handleOf);
  }

  mapStateful<S extends object, R, O = never>(
    createFn: () => S,
    mapFn: (state: S, key: K, item: T, timers: Timers) => R,
    options: TimerOptions<S, K, O> & ClockOptions<true> = {},
  ): Stage<NonNullable<Exclude<R | O, void>>, Timed> {
    checkFunctions('mapStateful', { createFn, mapFn });
    checkStageOptions<TimerOptions<S, K, O> & ClockOptions<true>>('mapStateful', options, TIMER);
    const { onTimer } = options;
    return this.#stateful(
      { kind: 'mapStateful', create: createFn, apply: mapFn, ...(onTimer && { onTimer }) },
      options,
    );
  }

  flatMapStateful<S extends object, R, O = never>(
    createFn: () => S,
    flatMapFn: (state: S, key: K, item: T, timers: Timers) => Iterable<R>,
    options: TimerOptions<S, K, Iterable<O>> & ClockOptions<true> = {},
  ): Stage<R | O, Timed> {
    checkFunctions('flatMapStateful', { createFn, flatMapFn });
    checkStageOptions<TimerOptions<S, K, Iterable<O>> & ClockOptions<true>>('flatMapStateful', options, TIMER);
    const { onTimer } = options;
    const kind = 'flatMapStateful';
    return this.#stateful({ kind, create: createFn, apply: flatMapFn, ...(onTimer && { onTimer }) }, options);
  }

  filterStateful<S extends object>(
    createFn: () => S,
    predicate: (state: S, key: K, item: T) => boolean,
    options: StateOptions<S> = {},
  ): Stage<T, Timed> {
    checkFunctions('filterStateful', { createFn, predicate });
    checkStageOptions<StateOptions<S>>('filterStateful', options, STATE);
    return this.#stateful({ kind: 'filterStateful', create: createFn, apply: predicate }, options);
  }

  rollingAggregate<A, R>(
    operation: AggregateOperation<T, A, R>,
    options: StateOptions<A> = {},
  ): Stage<Entry<K, R>, Timed> {
    const { create, accumulate, export: exportFn } = Object(operation);
    checkFunctions('rollingAggregate', { create, accumulate, export: exportFn });
    checkStageOptions<StateOptions<A>>('rollingAggregate', options, STATE);
    return this.#stateful(
      {
        kind: 'rollingAggregate',
        create: () => operation.create(),
        accumulate: (accumulator: A, item: T) => operation.accumulate(accumulator, item),
        export: (accumulator: A) => operation.export(accumulator),
      },
      options,
      aggregateForm(operation),
    );
  }

  window(this: KeyedStageHandle<T, K, true>, definition: WindowDefinition): KeyedWindowedStage<T, K> {
    checkWindows(definition);
    return keyedWindows<T, K>({ graph: this.#graph, grouping: this.#id, definition, handleOf: this.#handleOf });
  }

  distinct(options: StageOptions & ForgetOptions = {}): Stage<T, Timed> {
    checkStageOptions('distinct', options, FORGET);
    const create = () => ({ seen: false });
    const apply = (state: { seen: boolean }): boolean => {
      const isFirst = !state.seen;
      state.seen = true;
      return isFirst;
    };
    return this.#stateful<{ seen: boolean }, T>({ kind: 'filterStateful', create, apply }, options, {
      stage: 'distinct',
    });
  }

  debounce(ms: number, options: KeptItemOptions<T> = {}): Stage<T, Timed> {
    checkStageOptions<KeptItemOptions<T>>('debounce', options, KEPT);
    return this.#rate('debounce', ms, debounceStage<T>, options);
  }

  throttle(ms: number, options: StageOptions = {}): Stage<T, Timed> {
    checkStageOptions('throttle', options, STAGE);
    return this.#rate('throttle', ms, throttleStage<T>, options);
  }

  sample(ms: number, options: KeptItemOptions<T> = {}): Stage<T, Timed> {
    checkStageOptions<KeptItemOptions<T>>('sample', options, KEPT);
    return this.#rate('sample', ms, sampleStage<T>, options);
  }

  sessionize(
    timeoutMs: number,
    options: SessionizeOptions<T> & ClockOptions<true> = {},
  ): Stage<KeyedWindowResult<K, readonly T[]>, Timed> {
    const problems = MILLISECONDS(timeoutMs, 'timeoutMs');
    if (problems.length > 0) throw invalidOptions('sessionize', problems);
    checkStageOptions<SessionizeOptions<T> & ClockOptions<true>>('sessionize', options, SESSION);
    const { maxItems, clock = 'processing', ...others } = options;
    const definition = WindowDefinition.session(timeoutMs);
    const sessions = {
      definition,
      groupings: [this.#id],
      operation: AggregateOperations.toList<T>(maxItems),
      name: 'sessionize',
    };
    const id = addWindows<T, T[]>(this.#graph, sessions, { clock, ...others, keyed: true });
    return this.#handleOf<KeyedWindowResult<K, readonly T[]>>(this.#graph, id);
  }

  #rate(name: string, ms: number, stageOf: (ms: number) => RateStage<T>, options: KeptItemOptions<T>): Stage<T, Timed> {
    const problems = MILLISECONDS(ms, 'ms');
    if (problems.length > 0) throw invalidOptions(name, problems);
    const { codec, onError } = options;
    const state = { codec: keptItemCodec(codec), forgetWhen: isOver, ...(onError && { onError }) };
    return this.#stateful({ kind: 'flatMapStateful', ...stageOf(ms) }, state, { stage: name });
  }

  #stateful<S, R>(
    operation: StatefulOperation,
    options: StateOptions<S> & ClockOptions<true>,
    form: StateForm = {},
  ): Stage<R, Timed> {
    const {
      codec = StateCodecs.structuredClone<S>(),
      forgetWhen = KEEP,
      forgetAfter,
      maxKeys,
      clock = 'processing',
      onError = 'fail',
    } = options;
    const isTimed =
      clock === 'event' || forgetAfter !== undefined || ('onTimer' in operation && operation.onTimer !== undefined);
    const timed = isTimed && { timed: { clock, forgetAfter } };
    const forgets = forgetAfter !== undefined || forgetWhen !== KEEP;
    const bound = maxKeys !== undefined && { maxKeys };
    const work: StatefulWork = {
      kind: 'stateful',
      operation,
      codec,
      forgets,
      forgetWhen,
      form,
      onError,
      ...bound,
      ...timed,
    };
    return this.#handleOf<R>(this.#graph, this.#graph.add(work, [this.#id], form.stage ?? operation.kind));
  }

  static {
    refuseMore(
      'a stage with keys',
      {
        setName: 1,
        merge: 1,
        mapStateful: 3,
        flatMapStateful: 3,
        filterStateful: 3,
        rollingAggregate: 2,
        window: 1,
        distinct: 1,
        debounce: 2,
        throttle: 2,
        sample: 2,
        sessionize: 2,
      },
      KeyedStageHandle.prototype,
    );
  }
}
