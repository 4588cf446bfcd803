import { checkOptions, type OptionChecks } from '../../internal/options/check-options.js';
import { frozenFunctions } from '../../internal/options/frozen-functions.js';
import { invalidOptions } from '../../internal/options/invalid-options.js';
import { eitherShown, func, milliseconds, oneOf, someText, wholeNumber } from '../../internal/options/option-checks.js';
import { refuseMore } from '../../internal/options/refuse-more.js';
import { defineSink } from '../define-sink.js';
import type { OpenContext } from '../open-context.js';
import { onErrorCheck } from '../option-checks.js';
import { withOutbox } from '../outbox/with-outbox.js';
import type { ClassifyErrorFn } from '../retry/classify-error.js';
import type { RetryRules } from '../retry/retries.js';
import type { RetryStrategy } from '../retry/retry-strategy.js';
import type { OnError, Sink } from '../sink.js';
import { type BuilderSink, BuilderWriter } from './builder-writer.js';
import { DEFAULT_RETRIES, RETRY_CHECKS } from './retry-settings.js';

/** Of `receiveBatchFn`. */
export interface ReceiveBatchOptions {
  /** How many items one call gets at most; default 256, at most 65,536. */
  readonly maxBatchSize?: number;
}

const DEFAULT_BATCH_SIZE = 256;
/** Twice as many items may be held in memory. */
const LARGEST_BATCH = 65_536;

/** A sink of the user's own under construction: frozen, each method gives a new one. `C` is what `createFn` makes. */
export class SinkBuilderStep<C, T> {
  readonly #sink: BuilderSink<C, T>;
  /** Of `receiveFn` and `receiveBatchFn`. */
  readonly #given: readonly string[];

  /** @internal Begin with `SinkBuilder`. */
  constructor(sink: BuilderSink<C, T>, given: readonly string[]) {
    this.#sink = Object.freeze(sink);
    this.#given = given;
    Object.freeze(this);
  }

  /**
   * Called for each item, in order; the next one waits for its promise. What it throws is tried again, or is the end of the item: see
   * `retryStrategy`.
   *
   * In a job with a store it is called after the commit of what the item comes from, at least once: an item that comes again after a
   * crash, or after a failure, has the same `seq` (0, 1, 2, … for all that the job ever gave this sink), which so is an idempotency key.
   * In other jobs `seq` is undefined.
   */
  receiveFn<U>(fn: (context: C, item: U, seq: number | undefined) => void | PromiseLike<void>): SinkBuilderStep<C, U> {
    // the other one is for items of another type: that there are two is remembered, and refused by `build`
    const { receiveBatch: _, ...sink } = this.#sink;
    return new SinkBuilderStep<C, U>({ ...sink, receive: fn }, this.#given.concat('receiveFn'));
  }

  /**
   * In place of `receiveFn`: called for some items at once, as many as wait, in order. `firstSeq` is the seq of the first, those of the
   * others follow without gaps. What comes again has the same seqs, perhaps in other batches: a part of a batch may have been delivered
   * before. When a batch cannot pass it is tried in halves, so that only the item to blame is given up.
   * @throws MillraceError INVALID_OPTIONS
   */
  receiveBatchFn<U>(
    fn: (context: C, items: readonly U[], firstSeq: number | undefined) => void | PromiseLike<void>,
    options: ReceiveBatchOptions = {},
  ): SinkBuilderStep<C, U> {
    const { maxBatchSize = DEFAULT_BATCH_SIZE } = checkBatch(options);
    const { receive: _, ...sink } = this.#sink;
    return new SinkBuilderStep<C, U>({ ...sink, receiveBatch: fn, maxBatchSize }, this.#given.concat('receiveBatchFn'));
  }

  /**
   * Called after a run of items. When it returns, or its promise resolves, they are delivered: their inputs may be acknowledged.
   * Without it, an item is delivered when `receiveFn` is done with it. When it fails, the items of the run are received anew.
   */
  flushFn(fn: (context: C) => void | PromiseLike<void>): SinkBuilderStep<C, T> {
    return new SinkBuilderStep<C, T>({ ...this.#sink, flush: fn }, this.#given);
  }

  /**
   * Called once for each context: when the sink is closed, after the call under way has ended, or a second later; and after a failure,
   * before the next one is made. It is waited for at most 5 seconds. What it throws is told to whoever closes, in a job as
   * `millrace:close-failed`.
   */
  destroyFn(fn: (context: C) => void | PromiseLike<void>): SinkBuilderStep<C, T> {
    return new SinkBuilderStep<C, T>({ ...this.#sink, destroy: fn }, this.#given);
  }

  /**
   * When what the functions throw is tried again. Default: for ever, 100 ms after the first failure, then twice as long each time, up to
   * 10 s. Meanwhile nothing more is taken than the window has room for; job and sources go on. Before each retry the context is destroyed
   * and `createFn` makes a new one, since a client whose connection is gone never works again; what was received and not delivered is
   * received anew. An error that cannot pass is not tried again: PermanentError, TypeError and the like, or by `classifyErrorFn`. When the
   * retries are over, `onError` decides about the item; those of `createFn` are nobody's fault among the items, and fail the sink.
   */
  retryStrategy(retryStrategy: RetryStrategy): SinkBuilderStep<C, T> {
    return new SinkBuilderStep<C, T>({ ...this.#sink, retryStrategy }, this.#given);
  }

  /**
   * How many milliseconds one call of `createFn`, `receiveFn`, `receiveBatchFn` or `flushFn` may take. Behind that it has failed with
   * TIMEOUT, which may pass: the context is destroyed and the call is tried again, while the late one goes on by itself and may still have
   * its effect. Default: as long as it takes.
   */
  timeoutMs(timeoutMs: number): SinkBuilderStep<C, T> {
    return new SinkBuilderStep<C, T>({ ...this.#sink, timeoutMs }, this.#given);
  }

  /** Says of what the functions throw whether it may pass (`transient`) or not (`permanent`); undefined leaves it to the error itself. */
  classifyErrorFn(classifyErrorFn: ClassifyErrorFn): SinkBuilderStep<C, T> {
    return new SinkBuilderStep<C, T>({ ...this.#sink, classifyErrorFn }, this.#given);
  }

  /**
   * What becomes of an item that cannot pass. `fail` (default): the sink and its job fail with its error. `skip`, `{ deadLetter }`: it is
   * given up, and what is behind it goes on.
   */
  onError(onError: OnError): SinkBuilderStep<C, T> {
    return new SinkBuilderStep<C, T>({ ...this.#sink, onError }, this.#given);
  }

  /** @throws MillraceError INVALID_OPTIONS without a name, and unless there is one of `receiveFn` and `receiveBatchFn` */
  build(): Sink<T> {
    const sink = this.#sink;
    const { name, onError } = sink;
    checkSink(sink, this.#given);
    return defineSink<T>({
      name,
      claims: [],
      refuse: () => undefined,
      onError,
      // only a job with a store numbers its items
      createWriter: (context) => BuilderWriter.open(sink, context, undefined),
      createDurableWriter: (context, restore) =>
        withOutbox(
          { name, onError, createWriter: (inner, firstSeq) => BuilderWriter.open(sink, inner, firstSeq) },
          context,
          restore,
        ),
    });
  }

  static {
    refuseMore(
      'SinkBuilder',
      {
        receiveFn: 1,
        receiveBatchFn: 2,
        flushFn: 1,
        destroyFn: 1,
        retryStrategy: 1,
        timeoutMs: 1,
        classifyErrorFn: 1,
        onError: 1,
        build: 0,
      },
      SinkBuilderStep.prototype,
    );
  }
}

/** A builder's own names for what it was given. */
interface Given extends RetryRules {
  readonly name: unknown;
  readonly createFn: unknown;
  readonly receiveFn: unknown;
  readonly receiveBatchFn: unknown;
  readonly flushFn: unknown;
  readonly destroyFn: unknown;
  readonly onError: unknown;
  readonly timeoutMs: unknown;
}

const GIVEN: OptionChecks<Given> = {
  ...RETRY_CHECKS,
  name: someText,
  createFn: func,
  receiveFn: func,
  receiveBatchFn: func,
  flushFn: func,
  destroyFn: func,
  onError: onErrorCheck,
  timeoutMs: eitherShown('a number of milliseconds, or Infinity', milliseconds, oneOf(Number.POSITIVE_INFINITY)),
};

const checkSink = <C, T>(sink: BuilderSink<C, T>, receivers: readonly string[]): void => {
  const { name, retryStrategy, classifyErrorFn, onError, timeoutMs } = sink;
  const given: Given = {
    name,
    retryStrategy,
    classifyErrorFn,
    onError,
    timeoutMs,
    createFn: sink.create,
    receiveFn: sink.receive,
    receiveBatchFn: sink.receiveBatch,
    flushFn: sink.flush,
    destroyFn: sink.destroy,
  };
  const owner = typeof name === 'string' ? `sink "${name}"` : 'the sink';
  const problems = [
    ...checkOptions(owner, given, GIVEN).problems,
    ...(sink.create === undefined ? ['createFn is missing'] : []),
    ...(receivers.length === 0 ? ['receiveFn or receiveBatchFn is missing'] : []),
    ...(new Set(receivers).size > 1 ? ['receiveFn and receiveBatchFn exclude each other'] : []),
  ];
  if (problems.length > 0) throw invalidOptions(owner, problems);
};

const BATCH: OptionChecks<ReceiveBatchOptions> = { maxBatchSize: wholeNumber(1, LARGEST_BATCH) };

const checkBatch = (given: ReceiveBatchOptions): ReceiveBatchOptions => {
  const { options, problems } = checkOptions<ReceiveBatchOptions>('receiveBatchFn', given, BATCH);
  if (problems.length > 0) throw invalidOptions('receiveBatchFn', problems);
  return options;
};

const sinkBuilder = <C>(
  name: string,
  createFn: (context: OpenContext) => C | PromiseLike<C>,
): SinkBuilderStep<C, never> =>
  new SinkBuilderStep<C, never>(
    {
      ...DEFAULT_RETRIES,
      name,
      create: createFn,
      maxBatchSize: DEFAULT_BATCH_SIZE,
      timeoutMs: Number.POSITIVE_INFINITY,
      onError: 'fail',
    },
    [],
  );

/**
 * Sinks of the user's own, with Jet's names. Delivery is at least once: after a crash, a restart or a failure items may come again.
 *
 * ```ts
 * const rows = SinkBuilder.sinkBuilder('rows', () => connect())
 *   .receiveFn<Row>((db, row) => db.queue(row))
 *   .flushFn((db) => db.commit())
 *   .destroyFn((db) => db.close())
 *   .build();
 * ```
 *
 * @namespace
 */
export const SinkBuilder = frozenFunctions('SinkBuilder', { sinkBuilder: 2 })({
  /** Begins the sink: `createFn` makes the context that the other functions get, when a job opens the sink. */
  sinkBuilder,
});
