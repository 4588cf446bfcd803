import { MillraceError } from '../../errors/millrace-error.js';
import { abortableWait } from '../../internal/abortable-wait.js';
import type { Polled, SourceReader, SourceSnapshot } from '../source-reader.js';
import { checkItems, encodeState } from './builder-state.js';
import { destroyContext } from './destroy-context.js';
import { FillLog, type FillState } from './fill-log.js';
import { ItemBuffer } from './source-buffer.js';
import type { SourceFunctions } from './source-functions.js';

/** How long after a fill that added nothing the next one comes. */
const IDLE_MS = 10;

/** What a reader of a durable job begins with. */
export interface BuilderStart<T> {
  /** What was stored last; its state was given to `restoreSnapshotFn` already. Undefined on a first start. */
  readonly restored: FillState<T> | undefined;
}

/**
 * Drives the functions of a `SourceBuilder`. At most one fill is under way, and only while the buffer is empty. In a durable job the
 * uncovered rest of the fill in which the last commit stood is given first. Positions count from 0 in each reader.
 */
export class BuilderReader<C, T> implements SourceReader<T> {
  readonly #name: string;
  readonly #context: C;
  readonly #functions: SourceFunctions<C, T>;
  readonly #buffer = new ItemBuffer<T>();
  /** Only in a durable job. */
  readonly #log: FillLog<T> | undefined;
  readonly #stop = new AbortController();
  /** The position of the next item: that of the first is 0 at each start, since what is stored is a state and no position. */
  #next = 0;
  /** Never rejects: what fails is kept, and thrown by `poll` and `ready`. */
  #filling: Promise<void> | undefined;
  #failure: MillraceError | undefined;
  #closing: Promise<void> | undefined;

  constructor(
    name: string,
    { context, functions, start }: { context: C; functions: SourceFunctions<C, T>; start: BuilderStart<T> | undefined },
  ) {
    this.#name = name;
    this.#context = context;
    this.#functions = functions;
    this.#log = start === undefined || functions.createSnapshot === undefined ? undefined : new FillLog<T>();
    if (start?.restored !== undefined) this.#begin(start.restored);
  }

  poll(max: number): Polled<T> {
    if (this.#buffer.size === 0) this.#fill();
    // what a failed fill added is behind no state: after a restart it would be given again
    if (this.#failure !== undefined && (this.#buffer.size === 0 || this.#log !== undefined)) throw this.#failure;
    const first = this.#next;
    // while a fill is under way its items belong to a state that is not known yet
    const { items, bytes } = this.#filling === undefined ? this.#buffer.take(max) : { items: [], bytes: 0 };
    this.#next += items.length;
    const done = this.#over && this.#buffer.size === 0 && this.#filling === undefined;
    return { items, timestampMs: Date.now(), first, last: this.#next - 1, bytes, rejected: [], done };
  }

  async ready(): Promise<void> {
    while (this.#buffer.size === 0 && !this.#over) {
      if (this.#filling === undefined) {
        await abortableWait(IDLE_MS, this.#stop.signal);
        this.#fill();
      }
      await this.#filling;
      if (this.#failure !== undefined) throw this.#failure;
    }
    await this.#filling;
  }

  snapshot(upTo: number): SourceSnapshot {
    const state = this.#log?.snapshot(upTo);
    // where the commit cuts a fill in two the rest of its items is stored, of which only the first was checked
    if (state !== undefined) checkItems(this.#name, state.rest.items);
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

  /** Fills at once where the user's function is synchronous; otherwise `#filling` settles when it has. */
  #fill(): void {
    if (this.#over || this.#filling !== undefined || this.#failure !== undefined) return;
    try {
      const filled = this.#functions.fill?.(this.#context, this.#buffer);
      if (filled === undefined) this.#keepState();
      else this.#filling = this.#await(filled);
    } catch (error) {
      this.#fail(error);
    }
  }

  async #await(filled: PromiseLike<void>): Promise<void> {
    try {
      await filled;
      this.#keepState();
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#filling = undefined;
    }
  }

  /** The log gets what the buffer gets: the next commit may stand inside of that rest, too. */
  #begin({ state, rest }: FillState<T>): void {
    for (const [index, item] of rest.items.entries()) this.#buffer.add(item, rest.bytes[index]);
    this.#log?.filled(state, rest);
  }

  #keepState(): void {
    if (this.#log === undefined) return;
    const added = this.#buffer.contents();
    // one of each fill, so that items which cannot be stored are told at once and not only when a commit cuts a fill in two
    checkItems(this.#name, added.items.slice(0, 1));
    this.#log.filled(encodeState(this.#name, this.#functions.createSnapshot?.(this.#context)), added);
  }

  #fail(error: unknown): void {
    this.#failure ??= MillraceError.from(error, 'USER_FUNCTION_FAILED', `source "${this.#name}"`);
  }

  /** A fill under way is not waited for, since it may wait for items for ever; what it adds is taken by nobody. */
  async #close(): Promise<void> {
    this.#stop.abort();
    await destroyContext(`source "${this.#name}"`, this.#functions, this.#context);
  }
}
