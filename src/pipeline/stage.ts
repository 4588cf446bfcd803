import type { OpenContext } from '../connector/open-context.js';
import type { StandardSchema } from '../connector/schema/standard-schema.js';
import type { SinkDefinition } from '../connector/sink.js';
import type { Table, TableKey } from '../connector/tables/table.js';
import type { AggregateOperation } from './aggregates/aggregate-operation.js';
import type { MapAsyncOptions } from './map-async-options.js';
import type { AsyncServiceOptions, ServiceOptions } from './service-options.js';
import type { StageOptions } from './stage-options.js';
import type { StateKey } from './stage-state.js';
import type {
  ClockOptions,
  Entry,
  ForgetOptions,
  KeptItemOptions,
  StateOptions,
  TimerOptions,
} from './state-options.js';
import type { Timers } from './timers/timers.js';
import type { IngestionOptions, TimestampOptions } from './timestamp-options.js';
import type { SessionizeOptions, WindowOptions } from './window-options.js';
import type { BothSides } from './windows/by-side.js';
import type { WindowDefinition } from './windows/window-definition.js';
import type { KeyedWindowResult, WindowResult } from './windows/window-result.js';

/** Tells the types of stages with and without timestamps apart. Nothing has it at run time. */
declare const TIMESTAMPED: unique symbol;

/** The end of a branch. */
export interface SinkStage {
  /** That of its sink, until `setName`. */
  readonly name: string;
  /** Names it in errors and metrics. */
  setName(name: string): SinkStage;
}

/**
 * A stream of items inside a pipeline. Each method adds a stage to the pipeline and gives it; calling several on the same
 * stage sends every item to each of them. Order is kept along every path. An exception in one of the functions fails the job
 * at that item with USER_FUNCTION_FAILED, naming the stage, and the item is not acknowledged; `onError` of a stage says otherwise.
 * A promise where none is awaited counts as an exception.
 *
 * Functions see items only. `Timed` says whether the items have a timestamp beside that (`withTimestamps`): it goes with them through all
 * stages, and what needs event time can be called only where it is there.
 */
export interface Stage<T, Timed extends boolean = boolean> {
  /** For types alone: no stage has it. */
  readonly [TIMESTAMPED]?: Timed;
  /** What errors and metrics name. */
  readonly name: string;
  /** Names the stage in errors and metrics. Default: its kind, numbered (`map`, `map-2`). */
  setName(name: string): Stage<T, Timed>;
  /** One item in, one item out. `undefined` and `null` are items like any other. */
  map<R>(fn: (item: T) => R, options?: StageOptions): Stage<R, Timed>;
  /** Keeps the items for which `predicate` is true; a type guard narrows the stage. */
  filter<S extends T>(predicate: (item: T) => item is S, options?: StageOptions): Stage<S, Timed>;
  filter(predicate: (item: T) => boolean, options?: StageOptions): Stage<T, Timed>;
  /**
   * Lets through the items that a schema takes, as what it makes of them. At any other the stage has failed: with `onError` it is given up,
   * and the error has the paths at which it is wrong, never a value. The schema must answer at once.
   *
   * ```ts
   * source.schema(z.object({ device: z.string(), degrees: z.number() }), { onError: 'skip' })
   * ```
   * @throws MillraceError INVALID_OPTIONS for what is no schema
   */
  schema<R>(schema: StandardSchema<R>, options?: StageOptions): Stage<R, Timed>;
  /** One item in, any number out. */
  flatMap<R>(fn: (item: T) => Iterable<R>, options?: StageOptions): Stage<R, Timed>;
  /**
   * One item in, one item out, through a promise. At most `maxConcurrency` calls run at once; results leave in the order of
   * the items. A rejected promise is as an exception: with `onError` it concerns this item alone, whatever came of the same input. `signal`
   * aborts when the job stops, or the call takes too long. In a job with a store an item may be called for again after a crash; its result
   * goes on once. The store knows the waiting items by the name of the stage: give it with `setName`.
   */
  mapAsync<R>(fn: (item: T, signal: AbortSignal) => PromiseLike<R> | R, options?: MapAsyncOptions<T>): Stage<R, Timed>;
  /**
   * As `map`, with a service that lives as long as a run of the job: a client, a connection pool, a model. `createFn` makes it before the
   * first input is polled, and is called again when it fails, as `createRetryStrategy` says; it may be async. `destroyFn` is called when
   * the run ends, after sources and sinks are closed, and waited for five seconds at most. One service for all items of the stage.
   */
  mapUsingService<S, R>(
    createFn: (context: OpenContext) => S | PromiseLike<S>,
    mapFn: (service: S, item: T) => R,
    destroyFn?: (service: S) => void | PromiseLike<void>,
    options?: ServiceOptions,
  ): Stage<R, Timed>;
  /** The same as `mapAsync`. A service that breaks has to mend itself, as connection pools do: it is not made anew for a retry. */
  mapAsyncUsingService<S, R>(
    createFn: (context: OpenContext) => S | PromiseLike<S>,
    mapFn: (service: S, item: T, signal: AbortSignal) => PromiseLike<R> | R,
    destroyFn?: (service: S) => void | PromiseLike<void>,
    options?: AsyncServiceOptions<T>,
  ): Stage<R, Timed>;
  /**
   * As `map`, with the row that a table has for the item: `undefined` where it has none. The table is opened when a run of the job begins,
   * before an input is polled, once for all stages that have it, and again where that fails, as `createRetryStrategy` says. A row is that of
   * the moment in which the item is processed: one that is processed again may find another.
   *
   * ```ts
   * readings.lookup(devices, ({ device }) => device, (reading, row) => ({ ...reading, site: row?.site }))
   * ```
   */
  lookup<K extends TableKey, V, R>(
    table: Table<K, V>,
    keyFn: (item: T) => K,
    mapFn: (item: T, row: V | undefined) => R,
    options?: ServiceOptions,
  ): Stage<R, Timed>;
  /**
   * Shows each item to `observe` and passes it on. Default: prints `<stage name>: <item>` with console.log, the item as `util.inspect`
   * shows it.
   */
  peek(observe?: (item: T) => void, options?: StageOptions): Stage<T, Timed>;
  /** The items of both stages, each in its own order; they have timestamps where both sides have. @throws MillraceError INVALID_OPTIONS when `other` is of another pipeline */
  merge<U>(this: Stage<T, true>, other: Stage<U, true>): Stage<T | U, true>;
  merge<U>(other: Stage<U>): Stage<T | U>;
  /**
   * Groups the items by a key, for stages that keep state. What `keyFn` gives must be a string, a number other than NaN, a bigint or
   * a boolean; at anything else the stage has failed, as by an exception.
   */
  groupingKey<K extends StateKey>(keyFn: (item: T) => K, options?: StageOptions): KeyedStage<T, K, Timed>;
  /**
   * Puts all items in windows by their timestamps. In a job of several partitions one of them has all the windows: behind a `groupingKey` each key
   * has its own.
   */
  window(this: Stage<T, true>, definition: WindowDefinition): WindowedStage<T>;
  /** Sends every item to a sink. */
  writeTo(sink: SinkDefinition<T>): SinkStage;
}

/** What `readFrom` gives: items without a time, until it is said which one they have. The words are Jet's. */
export interface SourceStage<T> extends Stage<T> {
  /** Names the source in errors, metrics and the store. */
  setName(name: string): SourceStage<T>;
  /**
   * Gives each item the timestamp that `timestampFn` takes from it: milliseconds since 1970, the time at which what it tells of happened.
   * Items may come out of order by `allowedLagMs`: the time of the stream, its *watermark*, is the highest timestamp so far less that, and
   * never goes back. An item behind it is late. At a timestamp that is no number, or too far ahead, the stage has failed.
   */
  withTimestamps(timestampFn: (item: T) => number, allowedLagMs: number, options?: TimestampOptions): Stage<T, true>;
  /**
   * Gives each item the time at which it was polled, by the clock of this machine; it never goes back, whatever the clock does. None is
   * late. One that comes again after a crash has another timestamp, and nothing that it had led to before has counted.
   */
  withIngestionTimestamps(options?: IngestionOptions): Stage<T, true>;
  /** Items carry no time, as without it. */
  withoutTimestamps(): Stage<T>;
}

/**
 * A stream of items that have a key. Each stage behind it keeps one state for each key, and sees the items of a key in their order.
 *
 * What state does: in a job with a store it is durable in the same commit as the position of the items that made it, so each item
 * counts once. The store knows it by the name of its stage: give that with `setName` and keep it, the default (`mapStateful`,
 * `mapStateful-2`) changes when stages are added before it. In a job without a guarantee state is in memory and lost with the run.
 *
 * Functions are called one item at a time and must not be async. When one throws, nothing has to be undone by it, whatever `onError` says:
 * what it did to the state is.
 */
export interface KeyedStage<T, K extends StateKey, Timed extends boolean = boolean> {
  /** For types alone: no stage has it. */
  readonly [TIMESTAMPED]?: Timed;
  /** What errors name. */
  readonly name: string;
  /**
   * Names the grouping in errors, and what is on its way to the partition of its key, in a job of several. State has the name of its own
   * stage, not this one.
   */
  setName(name: string): KeyedStage<T, K, Timed>;
  /**
   * The items of both, with the keys that they have: each stage behind it keeps one state for a key of both. Items have timestamps where both
   * sides have. @throws MillraceError INVALID_OPTIONS when `other` is of another pipeline
   *
   * ```ts
   * const commands = sent.groupingKey(({ device }) => device);
   * const answers = received.groupingKey(({ from }) => from);
   * commands.merge(answers).mapStateful(createFn, (state, device, commandOrAnswer, timers) => …)
   * ```
   */
  merge<U>(this: KeyedStage<T, K, true>, other: KeyedStage<U, K, true>): KeyedStage<T | U, K, true>;
  merge<U>(other: KeyedStage<U, K>): KeyedStage<T | U, K>;
  /**
   * Gives what `mapFn` gives for each item, and nothing for `undefined` and `null`. `createFn` makes the state of a key at its first
   * item; `mapFn` changes it in place. The state itself must not be given on: later items change it. With `onTimer` it may set timers:
   *
   * ```ts
   * readings.groupingKey(({ device }) => device).mapStateful(
   *   () => ({ silent: false }),
   *   (state, device, reading, timers) => {
   *     timers.set('silence', timers.now + 5 * 60_000);
   *   },
   *   { onTimer: (state, device) => `${device} is silent` },
   * )
   * ```
   */
  mapStateful<S extends object, R, O = never>(
    createFn: () => S,
    mapFn: (state: S, key: K, item: T, timers: Timers) => R,
    options?: TimerOptions<S, K, O> & ClockOptions<Timed>,
  ): Stage<NonNullable<Exclude<R | O, void>>, Timed>;
  /**
   * As `mapStateful`, with any number of results. They are collected before the first of them goes on.
   *
   * The time of timers is that of the machine: what is due fires as soon as there is room for what it leads to, after a restart too, in order.
   */
  flatMapStateful<S extends object, R, O = never>(
    createFn: () => S,
    flatMapFn: (state: S, key: K, item: T, timers: Timers) => Iterable<R>,
    options?: TimerOptions<S, K, Iterable<O>> & ClockOptions<Timed>,
  ): Stage<R | O, Timed>;
  /** Passes on the items for which the predicate is true. It changes the state of the key in place. */
  filterStateful<S extends object>(
    createFn: () => S,
    predicate: (state: S, key: K, item: T) => boolean,
    options?: StateOptions<S>,
  ): Stage<T, Timed>;
  /** Gives the aggregate of a key after each of its items. */
  rollingAggregate<A, R>(operation: AggregateOperation<T, A, R>, options?: StateOptions<A>): Stage<Entry<K, R>, Timed>;
  /**
   * Puts the items of each key in windows by their timestamps.
   *
   * ```ts
   * readings.groupingKey(({ device }) => device)
   *   .window(WindowDefinition.tumbling(60_000))
   *   .aggregate(AggregateOperations.averaging(({ degrees }) => degrees))
   *   .setName('minutes')
   * ```
   */
  window(this: KeyedStage<T, K, true>, definition: WindowDefinition): KeyedWindowedStage<T, K>;
  /** Passes on the first item of each key, and again the first after the key was forgotten, where `forgetAfter` says so. */
  distinct(options?: StageOptions & ForgetOptions): Stage<T, Timed>;
  /** Passes on the last item of a key when `ms` milliseconds have gone by without another. */
  debounce(ms: number, options?: KeptItemOptions<T>): Stage<T, Timed>;
  /** Passes on an item of a key, and drops those that come within `ms` milliseconds of it. */
  throttle(ms: number, options?: StageOptions): Stage<T, Timed>;
  /** Passes on the last item of each period of `ms` milliseconds. A period of a key begins with the first item after the last one ended. */
  sample(ms: number, options?: KeptItemOptions<T>): Stage<T, Timed>;
  /**
   * Gives the items of a key that came less than `timeoutMs` milliseconds apart, in their order, when it has been silent for so long: `value` has them, `start`
   * is the time of the first, and `end` is `timeoutMs` behind the last. By the clock of the machine; with `clock: 'event'` by the
   * timestamps of the items, as `window(WindowDefinition.session(timeoutMs))`. At an item more than `maxItems` the stage has failed.
   */
  sessionize(
    timeoutMs: number,
    options?: SessionizeOptions<T> & ClockOptions<Timed>,
  ): Stage<KeyedWindowResult<K, readonly T[]>, Timed>;
}

/**
 * A stream of items in windows: what `window` gives.
 *
 * What a window has is durable where state is, in the same commit as the position of its items. The store knows it by the name of the stage:
 * give that with `setName` and keep it.
 */
export interface WindowedStage<T> {
  /**
   * Gives a result for each window that has an item, when the time of the stream is at its end. It has that time less a millisecond as its timestamp.
   * An item is late when all its windows have ended: it is dropped, counted, and goes to `lateItems`. A window whose result a stage fails
   * at, this one or one behind it, is given up as `onError` says, and the next one is not.
   * @throws MillraceError INVALID_OPTIONS for sliding windows and sessions of an aggregate that does not combine
   */
  aggregate<A, R>(operation: AggregateOperation<T, A, R>, options?: WindowOptions<T, A>): Stage<WindowResult<R>, true>;
  /**
   * As `aggregate`, with the items of another stage in the same windows: what each of the two aggregates has come to. A window is told that has an
   * item of either; where it has none of one, the value of that is the one of no items. The time of the windows is that of the stream
   * that is behind. `codec` has both accumulators, and `lateItems` the late items of both.
   *
   * ```ts
   * sent.window(WindowDefinition.tumbling(60_000)).aggregate2(counting(), received, counting())
   *   .map(({ value: [sent, received] }) => sent - received)
   * ```
   * @throws MillraceError INVALID_OPTIONS as `aggregate`, and for a stage of another pipeline
   */
  aggregate2<A, R, U, B, S>(
    operation: AggregateOperation<T, A, R>,
    other: Stage<U, true>,
    otherOperation: AggregateOperation<NoInfer<U>, B, S>,
    options?: WindowOptions<T | U, BothSides<A, B>>,
  ): Stage<WindowResult<BothSides<R, S>>, true>;
}

/** The same with a window of its own for each key. */
export interface KeyedWindowedStage<T, K extends StateKey> {
  /** As {@link WindowedStage.aggregate}, for each key that has an item in the window. */
  aggregate<A, R>(
    operation: AggregateOperation<T, A, R>,
    options?: WindowOptions<T, A>,
  ): Stage<KeyedWindowResult<K, R>, true>;
  /** As {@link WindowedStage.aggregate2}, for each key that has an item of either stage in the window. */
  aggregate2<A, R, U, B, S>(
    operation: AggregateOperation<T, A, R>,
    other: KeyedStage<U, K, true>,
    otherOperation: AggregateOperation<NoInfer<U>, B, S>,
    options?: WindowOptions<T | U, BothSides<A, B>>,
  ): Stage<KeyedWindowResult<K, BothSides<R, S>>, true>;
}
