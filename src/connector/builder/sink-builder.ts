import { MillraceError } from '../../errors/millrace-error.js';
import { defineSink } from '../define-sink.js';
import type { OpenContext } from '../open-context.js';
import { withOutbox } from '../outbox/with-outbox.js';
import type { Sink } from '../sink.js';
import type { SinkWriter } from '../sink-writer.js';
import { BuilderWriter } from './builder-writer.js';
import { createContext } from './create-context.js';
import type { SinkFunctions } from './sink-functions.js';

interface Settings<C, T> extends SinkFunctions<C, T> {
  readonly name: string;
}

/** A sink of the user's own under construction: frozen, each method gives a new one. `C` is what `createFn` makes. */
export class SinkBuilderStep<C, T> {
  readonly #settings: Settings<C, T>;

  /** @internal Begin with `SinkBuilder`. */
  constructor(settings: Settings<C, T>) {
    this.#settings = Object.freeze(settings);
    Object.freeze(this);
  }

  /**
   * Called for each item, in order; the next one waits for its promise. What it throws fails the job with USER_FUNCTION_FAILED.
   *
   * In a job with a store it is called after the commit of what the item comes from, at least once: an item that comes again after a
   * crash has the same `seq` (0, 1, 2, … for all that the job ever gave this sink), which so is an idempotency key. In other jobs
   * `seq` is undefined.
   */
  receiveFn<U>(fn: (context: C, item: U, seq: number | undefined) => void | PromiseLike<void>): SinkBuilderStep<C, U> {
    return new SinkBuilderStep<C, U>({ ...this.#settings, receive: fn });
  }

  /**
   * Called after a run of items. When it returns, or its promise resolves, they are delivered: their inputs may be acknowledged.
   * Without it, an item is delivered when `receiveFn` is done with it.
   */
  flushFn(fn: (context: C) => void | PromiseLike<void>): SinkBuilderStep<C, T> {
    return new SinkBuilderStep<C, T>({ ...this.#settings, flush: fn });
  }

  /**
   * Called once when the sink is closed, after the call under way has ended, or a second later, and waited for at most 5 seconds. What it
   * throws is told to whoever closes, in a job as `millrace:close-failed`.
   */
  destroyFn(fn: (context: C) => void | PromiseLike<void>): SinkBuilderStep<C, T> {
    return new SinkBuilderStep<C, T>({ ...this.#settings, destroy: fn });
  }

  /** @throws MillraceError INVALID_OPTIONS without a name or a `receiveFn` */
  build(): Sink<T> {
    const settings = this.#settings;
    const { name } = settings;
    checkSettings(name, settings.receive !== undefined);
    return defineSink<T>({
      name,
      claims: [],
      refuse: () => undefined,
      onError: 'fail',
      createWriter: (context) => createWriter(settings, context, undefined),
      createDurableWriter: (context, restore) =>
        withOutbox(
          { name, onError: 'fail', createWriter: (inner, firstSeq) => createWriter(settings, inner, firstSeq) },
          context,
          restore,
        ),
    });
  }
}

/** For both kinds of jobs; only one with a store numbers its items. */
const createWriter = async <C, T>(
  settings: Settings<C, T>,
  context: OpenContext,
  firstSeq: number | undefined,
): Promise<SinkWriter<T>> => {
  const { name } = settings;
  const made = await createContext(`sink "${name}"`, settings, context);
  return new BuilderWriter({ name, context: made, functions: settings, firstSeq });
};

const checkSettings = (name: string, complete: boolean): void => {
  const problems = [
    ...(name === '' ? ['the name must not be empty'] : []),
    ...(complete ? [] : ['receiveFn is missing']),
  ];
  if (problems.length === 0) return;
  throw new MillraceError('INVALID_OPTIONS', `sink "${name}": ${problems.join('; ')}`, { details: { problems } });
};

const sinkBuilder = <C>(
  name: string,
  createFn: (context: OpenContext) => C | PromiseLike<C>,
): SinkBuilderStep<C, never> => new SinkBuilderStep<C, never>({ name, create: createFn });

/**
 * Sinks of the user's own, with Jet's names. Delivery is at least once: after a crash or a restart items may come again.
 *
 * ```ts
 * const rows = SinkBuilder.sinkBuilder('rows', () => connect())
 *   .receiveFn<Row>((db, row) => db.queue(row))
 *   .flushFn((db) => db.commit())
 *   .destroyFn((db) => db.close())
 *   .build();
 * ```
 */
export const SinkBuilder = Object.freeze({ sinkBuilder });
