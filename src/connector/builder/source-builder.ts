import { checkOptions, type OptionChecks } from '../../internal/options/check-options.js';
import { frozenFunctions } from '../../internal/options/frozen-functions.js';
import { invalidOptions } from '../../internal/options/invalid-options.js';
import { func, someText } from '../../internal/options/option-checks.js';
import { refuseMore } from '../../internal/options/refuse-more.js';
import { defineSource } from '../define-source.js';
import type { OpenContext } from '../open-context.js';
import type { ClassifyErrorFn } from '../retry/classify-error.js';
import type { RetryRules } from '../retry/retries.js';
import type { RetryStrategy } from '../retry/retry-strategy.js';
import type { Source } from '../source.js';
import { BuilderReader, type BuilderSource, keepsState } from './builder-reader.js';
import { readFillState } from './builder-state.js';
import { refuseBuilder } from './refuse-builder.js';
import { DEFAULT_RETRIES, RETRY_CHECKS } from './retry-settings.js';
import type { BatchBuffer, SourceBuffer } from './source-buffer.js';

/** A stream never ends, a batch does. */
type Kind = BuilderSource<unknown, unknown>['kind'];

/** The buffer of each kind. */
interface Buffers<T> {
  readonly stream: SourceBuffer<T>;
  readonly batch: BatchBuffer<T>;
}

/** A source of the user's own under construction: frozen, each method gives a new one. `C` is what `createFn` makes. */
export class SourceBuilderStep<K extends Kind, C, T, S = undefined> {
  readonly #source: BuilderSource<C, T>;

  /** @internal Begin with `SourceBuilder`. */
  constructor(source: BuilderSource<C, T>) {
    this.#source = Object.freeze(source);
    Object.freeze(this);
  }

  /**
   * Called when the buffer is empty and the job has room: it adds items (a few hundred at most) and returns, or returns a promise
   * that resolves when it has. It must not block. A call that adds nothing is repeated after 10 ms, so where items can be
   * waited for, wait in the promise. What it throws is tried again, or fails the job: see `retryStrategy`.
   */
  fillBufferFn<U>(fn: (context: C, buffer: Buffers<U>[K]) => void | PromiseLike<void>): SourceBuilderStep<K, C, U, S> {
    return new SourceBuilderStep<K, C, U, S>({ ...this.#source, fill: fn });
  }

  /**
   * The state to go on from behind what was added so far: what structured clone keeps. It is called after each `fillBufferFn`, and in a
   * job with a store stored with what the items lead to; together with `restoreSnapshotFn` it makes the source exactly-once.
   */
  createSnapshotFn<R>(fn: (context: C) => R): SourceBuilderStep<K, C, T, R> {
    return new SourceBuilderStep<K, C, T, R>({ ...this.#source, createSnapshot: fn });
  }

  /**
   * Called after `createFn` with the state stored last, after a failure with that of the last fill: `fillBufferFn` must go on behind what
   * was added when that was taken. What was added and is not covered by the last commit the job has itself.
   */
  restoreSnapshotFn(fn: (context: C, state: S) => void | PromiseLike<void>): SourceBuilderStep<K, C, T, S> {
    return new SourceBuilderStep<K, C, T, S>({ ...this.#source, restoreSnapshot: fn });
  }

  /**
   * Called once for each context: when the source is closed, and after a failure before the next one is made. It is waited for at most 5
   * seconds. What it throws is told to whoever closes, in a job as `millrace:close-failed`.
   */
  destroyFn(fn: (context: C) => void | PromiseLike<void>): SourceBuilderStep<K, C, T, S> {
    return new SourceBuilderStep<K, C, T, S>({ ...this.#source, destroy: fn });
  }

  /**
   * When what the functions throw is tried again. Default: for ever, 100 ms after the first failure, then twice as long each time, up to
   * 10 s. Before each retry the context is destroyed and `createFn` makes a new one. With `createSnapshotFn` and `restoreSnapshotFn`, in
   * jobs without a store too, that is given the state after the last fill that did not fail, and what the failed one has added is dropped:
   * so nothing is given twice or left out. Without them a batch begins anew, and a stream goes on where its new context is. An error that
   * cannot pass is not tried again: PermanentError, TypeError and the like, or by `classifyErrorFn`. Then, and when the retries are over,
   * the source and its job fail: unlike a sink it has no `onError`, since there is no item that could be given up.
   */
  retryStrategy(retryStrategy: RetryStrategy): SourceBuilderStep<K, C, T, S> {
    return new SourceBuilderStep<K, C, T, S>({ ...this.#source, retryStrategy });
  }

  /** Says of what the functions throw whether it may pass (`transient`) or not (`permanent`); undefined leaves it to the error itself. */
  classifyErrorFn(classifyErrorFn: ClassifyErrorFn): SourceBuilderStep<K, C, T, S> {
    return new SourceBuilderStep<K, C, T, S>({ ...this.#source, classifyErrorFn });
  }

  /**
   * @throws MillraceError INVALID_OPTIONS without a name, a `createFn` or a `fillBufferFn`, and with one of the functions for a state alone
   */
  build(): Source<T> {
    const source = this.#source;
    const { name, kind } = source;
    checkSource(source);
    return defineSource<T>({
      name,
      claims: [],
      defaultGuarantee: kind === 'batch' ? 'at-least-once' : 'none',
      refuse: (guarantee) => refuseBuilder({ name, kind, keepsState: keepsState(source) }, guarantee),
      onError: 'fail',
      needsStore: kind === 'stream' && keepsState(source),
      createReader: (context) => createReader(source, context),
    });
  }

  static {
    refuseMore(
      'SourceBuilder',
      {
        fillBufferFn: 1,
        createSnapshotFn: 1,
        restoreSnapshotFn: 1,
        destroyFn: 1,
        retryStrategy: 1,
        classifyErrorFn: 1,
        build: 0,
      },
      SourceBuilderStep.prototype,
    );
  }
}

/** A builder's own names for what it was given. */
interface Given extends RetryRules {
  readonly name: unknown;
  readonly createFn: unknown;
  readonly fillBufferFn: unknown;
  readonly createSnapshotFn: unknown;
  readonly restoreSnapshotFn: unknown;
  readonly destroyFn: unknown;
}

const GIVEN: OptionChecks<Given> = {
  ...RETRY_CHECKS,
  name: someText,
  createFn: func,
  fillBufferFn: func,
  createSnapshotFn: func,
  restoreSnapshotFn: func,
  destroyFn: func,
};

const checkSource = <C, T>(source: BuilderSource<C, T>): void => {
  const { name, retryStrategy, classifyErrorFn } = source;
  const given: Given = {
    name,
    retryStrategy,
    classifyErrorFn,
    createFn: source.create,
    fillBufferFn: source.fill,
    createSnapshotFn: source.createSnapshot,
    restoreSnapshotFn: source.restoreSnapshot,
    destroyFn: source.destroy,
  };
  const owner = typeof name === 'string' ? `source "${name}"` : 'the source';
  const problems = [
    ...checkOptions(owner, given, GIVEN).problems,
    ...(source.create === undefined ? ['createFn is missing'] : []),
    ...(source.fill === undefined ? ['fillBufferFn is missing'] : []),
    ...halfProblem(source),
  ];
  if (problems.length > 0) throw invalidOptions(owner, problems);
};

/** Neither does anything without the other. */
const halfProblem = <C, T>({ createSnapshot, restoreSnapshot }: BuilderSource<C, T>): string[] => {
  if ((createSnapshot === undefined) === (restoreSnapshot === undefined)) return [];
  return [
    `${createSnapshot === undefined ? 'createSnapshotFn' : 'restoreSnapshotFn'} is missing: the two belong together`,
  ];
};

/** What the guarantee asks for is known only here: with a store the state is stored, without one the batch begins again. */
const createReader = async <C, T>(source: BuilderSource<C, T>, open: OpenContext): Promise<BuilderReader<C, T>> => {
  const { name, kind } = source;
  const stored = open.durable !== undefined && open.guarantee !== 'none' && keepsState(source);
  // asked once more: `refuse` did not know whether the job has a store, and both functions are of no use without one
  const refusal = stored ? undefined : refuseBuilder({ name, kind, keepsState: false }, open.guarantee);
  if (refusal !== undefined) throw refusal;
  // before `createFn`: what cannot be read must not leave something open
  const restored = stored ? readFillState<T>(name, open.restored) : undefined;
  return BuilderReader.open(source, open, stored ? { restored } : undefined);
};

/** Begins the source: `createFn` makes the context that the other functions get, when a job opens the source. */
type Begin<K extends Kind> = <C>(
  name: string,
  createFn: (context: OpenContext) => C | PromiseLike<C>,
) => SourceBuilderStep<K, C, never>;

const begin =
  <K extends Kind>(kind: K): Begin<K> =>
  (name, createFn) =>
    new SourceBuilderStep({ ...DEFAULT_RETRIES, name, kind, create: createFn });

/**
 * Sources of the user's own, with Jet's names.
 *
 * ```ts
 * const lines = SourceBuilder.batch('lines', () => open('data.txt'))
 *   .fillBufferFn<string>(async (file, buffer) => {
 *     const line = await file.nextLine();
 *     if (line === undefined) buffer.close();
 *     else buffer.add(line);
 *   })
 *   .destroyFn((file) => file.close())
 *   .build();
 * ```
 *
 * Without `createSnapshotFn` and `restoreSnapshotFn` a batch is read from its beginning again when its job restarts, so nothing of it
 * is lost (at-least-once), and a stream goes on where it is: its guarantee is `none`. With both, and in a job with a store, either
 * goes on behind the last commit: at-least-once and exactly-once.
 *
 * @namespace
 */
export const SourceBuilder = frozenFunctions('SourceBuilder', { stream: 2, batch: 2 })({
  /** A source without an end. */
  stream: begin('stream'),

  /** A source that ends when its buffer is closed: a job that has only such ones completes. */
  batch: begin('batch'),
});
