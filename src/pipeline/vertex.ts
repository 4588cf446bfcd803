import type { OpenContext } from '../connector/open-context.js';
import type { RetryRules } from '../connector/retry/retries.js';
import type { OnError } from '../connector/sink.js';
import type { SourceDefinition } from '../connector/source.js';
import type { AnySink } from './any-sink.js';
import type { StateKey } from './stage-state.js';
import type { StateCodec } from './state-codec.js';
import type { StateForm } from './state-form.js';
import type { StateParts } from './state-parts.js';
import type { ItemTime } from './time/pending-times.js';
import type { StreamTime } from './time/time-source.js';
import type { ClockKind } from './timers/stage-clock.js';
import type { Timer, Timers } from './timers/timers.js';
import type { KeptWindows } from './windows/kept-windows.js';
import type { WindowTimers } from './windows/window-logic.js';
import type { WindowResult } from './windows/window-result.js';

/** What has a function of the user's, which may fail. */
export interface Fallible {
  /** What happens to an item that it fails at. */
  readonly onError: OnError;
}

/** What a stage is lent for as long as a run lasts. */
export interface ServiceWork {
  /** May give a promise. */
  create(context: OpenContext): unknown;
  /** May give a promise. */
  destroy(service: unknown): void | PromiseLike<void>;
  /** When `create` is called again. */
  readonly retry: RetryRules;
  /** Stages that have the same one here use one service. Undefined: the stage has its own. */
  readonly sharedBy?: object;
}

/** Gives items a time. */
export interface TimestampsWork extends Fallible {
  readonly kind: 'timestamps';
  /** That of an item; undefined: the time of its poll. */
  timestampOf?(item: unknown): number;
  /** How far behind the latest an item may come without being late. */
  readonly allowedLagMs: number;
  /** Without an item for so long the stream is idle. */
  readonly idleTimeoutMs: number;
  /** Further ahead of the time of its poll a timestamp is a failure. */
  readonly maxFutureMs: number;
}

/** Sends items that have a time to the partition of their key: what an `arrival` takes there, which knows how many send. */
export interface RouteWork extends Fallible {
  readonly kind: 'route';
  /** Of an item. */
  partitionOf(item: unknown): number;
  /** What goes to the sink. */
  routed(partition: number, item: unknown, time: ItemTime): unknown;
  /** The same of the time alone, for each partition. */
  routedTimes(time: StreamTime): readonly unknown[];
}

/** What a stage does with the state of a key; all that keep state are of this kind. */
export interface StatefulWork extends Fallible {
  readonly kind: 'stateful';
  /** Its functions change a state in place, or give the next one. */
  readonly operation: StatefulOperation;
  /** How a state of it becomes bytes, in a job with a store. */
  readonly codec: StateCodec<unknown>;
  /** Set where a state may be stored in several records. */
  readonly parts?: StateParts;
  /** Keys that may have state at most; undefined: there is no bound. */
  readonly maxKeys?: number;
  /** Whether a key may be forgotten. */
  readonly forgets: boolean;
  /** Asked after each item, and each timer. */
  forgetWhen(state: unknown): boolean;
  /** Set where a state is that of windows. */
  readonly windows?: KeptWindows;
  /** Set where it is not. */
  readonly form?: StateForm;
  /** Set where the stage keeps timers. */
  readonly timed?: TimedWork;
}

/** How a stage goes by time. */
export interface TimedWork {
  /** Whose time. */
  readonly clock: ClockKind;
  /** Milliseconds without an item after which a key is forgotten; undefined: never. */
  readonly forgetAfter: number | undefined;
  /** Set where windows tell early results: by timers of the machine's clock, which are kept apart from the others. */
  readonly early?: true;
}

/**
 * What the stage does at an item, by kind: all make a state with `create`, and are given it again at the next item of the key. What `onTimer`
 * gives is as what `apply` gives.
 */
export type StatefulOperation =
  | {
      readonly kind: 'mapStateful';
      create(): object;
      apply(state: unknown, key: StateKey, item: unknown, timers: Timers): unknown;
      onTimer?(state: unknown, key: StateKey, timer: Timer, timers: Timers): unknown;
    }
  | {
      readonly kind: 'flatMapStateful';
      create(): object;
      apply(state: unknown, key: StateKey, item: unknown, timers: Timers): Iterable<unknown>;
      onTimer?(state: unknown, key: StateKey, timer: Timer, timers: Timers): Iterable<unknown>;
    }
  | { readonly kind: 'filterStateful'; create(): object; apply(state: unknown, key: StateKey, item: unknown): boolean }
  | {
      readonly kind: 'rollingAggregate';
      create(): unknown;
      accumulate(state: unknown, item: unknown): unknown;
      export(state: unknown): unknown;
    }
  | WindowOperation;

/** What a stage with windows does: it goes by the time of its items, and gives results by timers. */
export interface WindowOperation {
  readonly kind: 'window';
  /** Whether results have the key. */
  readonly keyed: boolean;
  create(): object;
  /** False: the item is late. */
  accept(state: unknown, timestamp: number, item: unknown, timers: WindowTimers): boolean;
  onTimer(state: unknown, timer: Timer, timers: WindowTimers): readonly WindowResult<unknown>[];
  /** What `onTimer` led to was given up: the state goes on behind it. Calls no function of the user's. */
  giveUp(state: unknown, timer: Timer, timers: WindowTimers): void;
}

/**
 * What a vertex does. User functions are held as methods of `unknown`: the types of the stages have already checked that
 * each function gets what the one before it gives, and method parameters compare both ways, so no cast is needed.
 */
export type VertexWork =
  | { readonly kind: 'source'; readonly source: SourceDefinition<unknown> }
  | (Fallible & { readonly kind: 'map'; apply(item: unknown): unknown })
  | (Fallible & {
      readonly kind: 'mapUsingService';
      readonly service: ServiceWork;
      apply(service: unknown, item: unknown): unknown;
    })
  | (Fallible & { readonly kind: 'filter'; apply(item: unknown): boolean })
  | (Fallible & { readonly kind: 'flatMap'; apply(item: unknown): Iterable<unknown> })
  | (Fallible & { readonly kind: 'peek'; observe(item: unknown): void })
  | (Fallible & {
      readonly kind: 'mapAsync';
      readonly maxConcurrency: number;
      readonly codec: StateCodec<unknown>;
      readonly retry: RetryRules;
      /** Infinity for as long as it takes. */
      readonly timeoutMs: number;
      /** Set where `call` is given one. */
      readonly service?: ServiceWork;
      call(item: unknown, signal: AbortSignal, service?: unknown): PromiseLike<unknown> | unknown;
    })
  | { readonly kind: 'merge' }
  | TimestampsWork
  | RouteWork
  | { readonly kind: 'arrival'; readonly senders: number }
  | (Fallible & { readonly kind: 'groupingKey'; keyOf(item: unknown): unknown })
  | StatefulWork
  | { readonly kind: 'sink'; readonly sink: AnySink };

/** One node of a pipeline. `id` is its index in the graph. */
export interface Vertex {
  /** Its index in the graph. */
  readonly id: number;
  /** The kind of its work, numbered, until it is given one. What keeps something durable has it for itself (`checkGraph`). */
  readonly name: string;
  /** What it does with an item. */
  readonly work: VertexWork;
}

/** Where the items of one vertex go. Several from one vertex: each gets every item. */
export interface Edge {
  /** Id of the vertex that gives. */
  readonly from: number;
  /** Id of the one that takes. */
  readonly to: number;
  /** Set where items go to the partition of their key: the edges that lead to a `groupingKey`. Others stay in their partition. */
  readonly exchange?: true;
  /** Which of the streams that it takes from this is to a stage with state that has several. */
  readonly side?: number;
  /** Set where late items go, and nothing else: from a stage with windows to a sink. */
  readonly late?: true;
}

/** A pipeline as plain data. Vertices stand in the order of building, so every edge leads from a lower id to a higher one. */
export interface PipelineGraph {
  /** By their ids. */
  readonly vertices: readonly Vertex[];
  /** In the order in which they were made. */
  readonly edges: readonly Edge[];
}
