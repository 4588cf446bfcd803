import { MillraceError } from '../../errors/millrace-error.js';
import { refusePromise } from '../../internal/refuse-promise.js';
import { abortableWait } from '../../internal/waiting/abortable-wait.js';
import type { OpenContext } from '../open-context.js';
import { Retries, type RetryRules } from '../retry/retries.js';
import type { Polled, SourceReader, SourceSnapshot } from '../source-reader.js';
import { checkItems, decodeState, encodeState } from './builder-state.js';
import { FillLog, type FillState } from './fill-log.js';
import { LiveContext } from './live-context.js';
import { ItemBuffer } from './source-buffer.js';
import type { SourceFunctions } from './source-functions.js';

/** How long after a fill that added nothing the next one comes. */
const IDLE_MS = 10;

/** A source of the user's own, with its defaults. */
export interface BuilderSource<C, T> extends SourceFunctions<C, T>, RetryRules {
  /** For errors, metrics and what is stored. */
  readonly name: string;
  /** A batch can be read from its beginning again, a stream cannot. */
  readonly kind: 'stream' | 'batch';
}

/** What a reader of a durable job begins with. */
export interface BuilderStart<T> {
  /** What was stored last. Undefined on a first start. */
  readonly restored: FillState<T> | undefined;
}

/** Whether it has both functions: a state that nobody takes back is of no use. */
export const keepsState = <C, T>({ createSnapshot, restoreSnapshot }: SourceFunctions<C, T>): boolean =>
  createSnapshot !== undefined && restoreSnapshot !== undefined;

/**
 * Drives the functions of a `SourceBuilder`. At most one fill is under way, and only while the buffer is empty. In a durable job the
 * uncovered rest of the fill in which the last commit stood is given first. Positions count from 0 in each reader.
 *
 * FI1. After a fill that failed the context is made anew and goes on behind the last fill that did not: it is given that state, and what
 *     the failed one has added is dropped, for it comes again. So nothing is given twice, or left out.
 * FI2. Without the functions for a state a batch begins anew, and what it gave before comes twice. A stream goes on where its new context
 *     is; what the failed fill has added is given, for nobody knows whether it would come again.
 */
export class BuilderReader<C, T> implements SourceReader<T> {
  readonly #source: BuilderSource<C, T>;
  readonly #retries: Retries;
  readonly #context: LiveContext<C>;
  #buffer = new ItemBuffer<T>();
  /** Only in a durable job. */
  readonly #log: FillLog<T> | undefined;
  /**
   * After the last fill that did not fail: what a new context is given. Undefined before there is one, and without the functions for it.
   */
  #state: Uint8Array | undefined;
  readonly #stop = new AbortController();
  /** The position of the next item: that of the first is 0 at each start, since what is stored is a state and no position. */
  #next = 0;
  /** The fill under way. Never rejects: what fails is kept, and thrown by `poll` and `ready`. */
  #filling: Promise<void> | undefined;
  /** From a fill that failed until there is a context again. Never rejects. */
  #recovering: Promise<void> | undefined;
  #failure: MillraceError | undefined;
  #closing: Promise<void> | undefined;

  /** Resolves when `createFn` has made a context, and `restoreSnapshotFn` has taken what is stored. `start`: of a job that stores it. */
  static async open<C, T>(
    source: BuilderSource<C, T>,
    open: OpenContext,
    start: BuilderStart<T> | undefined,
  ): Promise<BuilderReader<C, T>> {
    const reader = new BuilderReader(source, open, start);
    await reader.#context.make(open.signal);
    return reader;
  }

  private constructor(source: BuilderSource<C, T>, open: OpenContext, start: BuilderStart<T> | undefined) {
    const { job, metrics } = open;
    this.#source = source;
    this.#retries = new Retries({ kind: 'source', name: source.name, job, metrics }, source);
    const restore = (made: C): void | PromiseLike<void> => this.#restore(made);
    this.#context = new LiveContext({ ...source, restore }, open, this.#retries);
    this.#log = start === undefined ? undefined : new FillLog<T>();
    if (start?.restored !== undefined) this.#begin(start.restored);
  }

  poll(max: number): Polled<T> {
    if (this.#buffer.size === 0) this.#fill();
    if (this.#failure !== undefined && this.#buffer.size === 0) throw this.#failure;
    const first = this.#next;
    // while a fill is under way its items belong to a state that is not known yet
    const { items, bytes } = this.#filling === undefined ? this.#buffer.take(max) : { items: [], bytes: 0 };
    this.#next += items.length;
    const done = this.#over && this.#buffer.size === 0 && !this.#isBusy;
    return { items, timestampMs: Date.now(), first, last: this.#next - 1, bytes, rejected: [], done };
  }

  async ready(): Promise<void> {
    while (this.#filling !== undefined || this.#buffer.size === 0) {
      if (this.#over && !this.#isBusy) return;
      if (!this.#isBusy) {
        await abortableWait(IDLE_MS, this.#stop.signal);
        this.#fill();
      }
      await (this.#filling ?? this.#recovering);
      if (this.#failure !== undefined) throw this.#failure;
    }
  }

  snapshot(upTo: number): SourceSnapshot {
    const state = this.#log?.snapshot(upTo);
    // where the commit cuts a fill in two the rest of its items is stored, of which only the first was checked
    if (state !== undefined) checkItems(this.#source.name, state.rest.items);
    return { mark: upTo, state };
  }

  /** There is nobody to answer: the state in the store is all that is kept. */
  committed(): void {}

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  get #over(): boolean {
    return this.#buffer.closed || this.#closing !== undefined;
  }

  get #isBusy(): boolean {
    return this.#filling !== undefined || this.#recovering !== undefined;
  }

  /** Fills at once where the user's function is synchronous; otherwise `#filling` settles when it has. */
  #fill(): void {
    const made = this.#context.current;
    if (this.#over || this.#isBusy || this.#failure !== undefined || made === undefined) return;
    try {
      const filled = this.#source.fill?.(made.context, this.#buffer);
      if (filled === undefined) this.#handleFilled(made.context);
      else this.#filling = this.#await(filled, made.context);
    } catch (error) {
      this.#handleFailed('fillBufferFn', error);
    }
  }

  async #await(filled: PromiseLike<void>, made: C): Promise<void> {
    let failed: { readonly thrown: unknown } | undefined;
    try {
      await filled;
    } catch (thrown) {
      failed = { thrown };
    }
    this.#filling = undefined;
    // what comes after the end is taken by nobody
    if (this.#closing !== undefined) return;
    if (failed === undefined) this.#handleFilled(made);
    else this.#handleFailed('fillBufferFn', failed.thrown);
  }

  /** The log gets what the buffer gets: the next commit may stand inside of that rest, too. */
  #begin({ state, rest }: FillState<T>): void {
    for (const [index, item] of rest.items.entries()) this.#buffer.add(item, rest.bytes[index]);
    this.#log?.filled(state, rest);
    this.#state = state;
  }

  #restore(made: C): void | PromiseLike<void> {
    return this.#state === undefined ? undefined : this.#source.restoreSnapshot?.(made, decodeState(this.#state));
  }

  #handleFilled(made: C): void {
    try {
      this.#keepState(made);
    } catch (error) {
      this.#handleFailed('createSnapshotFn', error);
      return;
    }
    this.#retries.over('passed');
  }

  #keepState(made: C): void {
    if (!keepsState(this.#source)) return;
    const state = this.#source.createSnapshot?.(made);
    refusePromise(state, 'createSnapshotFn');
    const encoded = encodeState(this.#source.name, state);
    if (this.#log !== undefined) {
      const added = this.#buffer.contents();
      // one of each fill, so that items which cannot be stored are told at once and not only when a commit cuts a fill in two
      checkItems(this.#source.name, added.items.slice(0, 1));
      this.#log.filled(encoded, added);
    }
    this.#state = encoded;
  }

  #handleFailed(call: string, thrown: unknown): void {
    const verdict = this.#retries.failed(call, thrown);
    // a new buffer, and not an empty one: a fill that failed may still add to the old one
    if (keepsState(this.#source) || (verdict.kind === 'again' && this.#source.kind === 'batch')) {
      this.#buffer = new ItemBuffer<T>();
    }
    if (verdict.kind === 'again') {
      this.#recovering = this.#recover(verdict.waitMs);
      return;
    }
    this.#retries.over('given-up');
    this.#failure = verdict.error;
  }

  async #recover(waitMs: number): Promise<void> {
    const { signal } = this.#stop;
    try {
      await this.#context.drop();
      await abortableWait(waitMs, signal);
      if (!signal.aborted) await this.#context.make(signal);
    } catch (error) {
      if (!signal.aborted) this.#failure = MillraceError.from(error);
    } finally {
      this.#recovering = undefined;
    }
  }

  /** A fill under way is not waited for, since it may wait for items for ever; what it adds is taken by nobody. */
  async #close(): Promise<void> {
    this.#stop.abort();
    await this.#context.close();
  }
}
