import { MillraceError } from '../../errors/millrace-error.js';
import { defineSource } from '../define-source.js';
import type { OpenContext } from '../open-context.js';
import type { Source } from '../source.js';
import { BuilderReader } from './builder-reader.js';
import { decodeState, readFillState } from './builder-state.js';
import { createContext } from './create-context.js';
import { destroyUnasked } from './destroy-context.js';
import { refuseBuilder } from './refuse-builder.js';
import type { BatchBuffer, SourceBuffer } from './source-buffer.js';
import type { SourceFunctions } from './source-functions.js';

/** A stream never ends, a batch does. */
type Kind = 'stream' | 'batch';

/** The buffer of each kind. */
interface Buffers<T> {
  readonly stream: SourceBuffer<T>;
  readonly batch: BatchBuffer<T>;
}

interface Settings<C, T> extends SourceFunctions<C, T> {
  readonly name: string;
  readonly kind: Kind;
}

/** A source of the user's own under construction: frozen, each method gives a new one. `C` is what `createFn` makes. */
export class SourceBuilderStep<K extends Kind, C, T, S = undefined> {
  readonly #settings: Settings<C, T>;

  /** @internal Begin with `SourceBuilder`. */
  constructor(settings: Settings<C, T>) {
    this.#settings = Object.freeze(settings);
    Object.freeze(this);
  }

  /**
   * Called when the buffer is empty and the job has room: it adds items (a few hundred at most) and returns, or returns a promise
   * that resolves when it has. It must not block. A call that adds nothing is repeated after 10 ms, so where items can be
   * waited for, wait in the promise. What it throws fails the job with USER_FUNCTION_FAILED.
   */
  fillBufferFn<U>(fn: (context: C, buffer: Buffers<U>[K]) => void | PromiseLike<void>): SourceBuilderStep<K, C, U, S> {
    return new SourceBuilderStep<K, C, U, S>({ ...this.#settings, fill: fn });
  }

  /**
   * The state to go on from behind what was added so far: what structured clone keeps. In a job with a store it is called after each
   * `fillBufferFn` and stored with what the items lead to; together with `restoreSnapshotFn` it makes the source exactly-once.
   */
  createSnapshotFn<R>(fn: (context: C) => R): SourceBuilderStep<K, C, T, R> {
    return new SourceBuilderStep<K, C, T, R>({ ...this.#settings, createSnapshot: fn });
  }

  /**
   * Called once after `createFn` with the state stored last: `fillBufferFn` must go on behind what was added when that was taken. What
   * was added and is not covered by the last commit the job has itself. A job without a store has no state and never calls it.
   */
  restoreSnapshotFn(fn: (context: C, state: S) => void): SourceBuilderStep<K, C, T, S> {
    return new SourceBuilderStep<K, C, T, S>({ ...this.#settings, restoreSnapshot: fn });
  }

  /** Called once when the source is closed, and waited for at most 5 seconds. What it throws is told to whoever closes, in a job as `millrace:close-failed`. */
  destroyFn(fn: (context: C) => void | PromiseLike<void>): SourceBuilderStep<K, C, T, S> {
    return new SourceBuilderStep<K, C, T, S>({ ...this.#settings, destroy: fn });
  }

  /** @throws MillraceError INVALID_OPTIONS without a name or a `fillBufferFn` */
  build(): Source<T> {
    const settings = this.#settings;
    const { name, kind } = settings;
    checkSettings(name, settings.fill !== undefined);
    return defineSource<T>({
      name,
      claims: [],
      defaultGuarantee: kind === 'batch' ? 'at-least-once' : 'none',
      refuse: (guarantee) => refuseBuilder({ name, kind, keepsState: keepsState(settings) }, guarantee),
      onError: 'fail',
      needsStore: kind === 'stream' && keepsState(settings),
      createReader: (context) => createReader(settings, context),
    });
  }
}

const checkSettings = (name: string, complete: boolean): void => {
  const problems = [
    ...(name === '' ? ['the name must not be empty'] : []),
    ...(complete ? [] : ['fillBufferFn is missing']),
  ];
  if (problems.length === 0) return;
  throw new MillraceError('INVALID_OPTIONS', `source "${name}": ${problems.join('; ')}`, { details: { problems } });
};

/** What the guarantee asks for is known only here: with a store the state is stored, without one the batch begins again. */
const createReader = async <C, T>(settings: Settings<C, T>, context: OpenContext): Promise<BuilderReader<C, T>> => {
  const { name, kind } = settings;
  const stored = context.durable !== undefined && context.guarantee !== 'none' && keepsState(settings);
  // asked once more: `refuse` did not know whether the job has a store, and both functions are of no use without one
  const refusal = stored ? undefined : refuseBuilder({ name, kind, keepsState: false }, context.guarantee);
  if (refusal !== undefined) throw refusal;
  // before `createFn`: what cannot be read must not leave something open
  const restored = stored ? readFillState<T>(name, context.restored) : undefined;
  const made = await createContext(`source "${name}"`, settings, context);
  if (restored !== undefined) await restore(settings, made, restored.state);
  return new BuilderReader(name, { context: made, functions: settings, start: stored ? { restored } : undefined });
};

/** Both functions: a state that nobody takes back is of no use. */
const keepsState = <C, T>({ createSnapshot, restoreSnapshot }: SourceFunctions<C, T>): boolean =>
  createSnapshot !== undefined && restoreSnapshot !== undefined;

const restore = async <C, T>(settings: Settings<C, T>, made: C, state: Uint8Array): Promise<void> => {
  try {
    settings.restoreSnapshot?.(made, decodeState(state));
  } catch (error) {
    await destroyUnasked(`source "${settings.name}"`, settings, made);
    throw MillraceError.from(error, 'USER_FUNCTION_FAILED', `restoreSnapshotFn of source "${settings.name}"`);
  }
};

/** Begins the source: `createFn` makes the context that the other functions get, when a job opens the source. */
type Begin<K extends Kind> = <C>(
  name: string,
  createFn: (context: OpenContext) => C | PromiseLike<C>,
) => SourceBuilderStep<K, C, never>;

const begin =
  <K extends Kind>(kind: K): Begin<K> =>
  (name, createFn) =>
    new SourceBuilderStep({
      name,
      kind,
      create: createFn,
    });

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
 */
export const SourceBuilder = Object.freeze({ stream: begin('stream'), batch: begin('batch') });
