import { MillraceError } from '../../errors/millrace-error.js';
import { abortableWait } from '../../internal/waiting/abortable-wait.js';
import type { OpenContext } from '../open-context.js';
import type { Retries } from '../retry/retries.js';
import { createContext, type EndFunctions } from './create-context.js';
import { destroyContext, destroyUnasked, destroyWhenMade } from './destroy-context.js';
import { withinTime } from './within-time.js';

/** How a builder's context begins and ends. */
export interface ContextFunctions<C> extends EndFunctions<C> {
  /** What else must be done before it is used. A context of which it fails is destroyed. */
  restore?(context: C): void | PromiseLike<void>;
  /** How long one `create` may take; absent: as long as it takes. */
  readonly timeoutMs?: number;
}

/** What was made; it may be undefined itself. */
interface Made<C> {
  readonly context: C;
}

/**
 * The context of a builder's functions. Whoever finds it broken drops it, since a client whose connection is gone never works again; the
 * next one is made when it is asked for, as often as the retries allow.
 *
 * CX1. There is one context at a time: `createFn` is called only after the `destroyFn` of the one before has ended, or was given up.
 * CX2. Each context that was made is destroyed once, also one that comes after the end.
 */
export class LiveContext<C> {
  readonly #functions: ContextFunctions<C>;
  readonly #open: OpenContext;
  readonly #retries: Retries;
  #made: Made<C> | undefined;
  /** Of the context that was dropped last. Never rejects. */
  #dropping: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(functions: ContextFunctions<C>, open: OpenContext, retries: Retries) {
    this.#functions = functions;
    this.#open = open;
    this.#retries = retries;
  }

  /** Undefined before it is made, and after it was dropped. */
  get current(): Made<C> | undefined {
    return this.#made;
  }

  /** Makes it. Rejects with ABORTED when the signal aborts, and with what ends the retries. */
  async make(signal: AbortSignal): Promise<Made<C>> {
    try {
      for (;;) {
        await this.#dropping;
        const made = await this.#try(signal);
        if (made !== undefined) return made;
      }
    } catch (error) {
      this.#retries.over(signal.aborted || this.#closed ? 'closed' : 'given-up');
      throw error;
    }
  }

  /** It is not used any more: what was not delivered from it never will be. Resolves when it is destroyed, five seconds later at most. */
  drop(): Promise<void> {
    const made = this.#made;
    this.#made = undefined;
    if (made !== undefined) this.#dropping = destroyUnasked(this.#retries.part, this.#functions, made.context);
    return this.#dropping;
  }

  /** Rejects with what `destroyFn` throws. Call once; the signal of a `make` under way must have aborted. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#retries.over('closed');
    const made = this.#made;
    this.#made = undefined;
    await this.#dropping;
    if (made !== undefined) await destroyContext(this.#retries.part, this.#functions, made.context);
  }

  /** Undefined when it is to be tried again. */
  async #try(signal: AbortSignal): Promise<Made<C> | undefined> {
    let call = 'createFn';
    const create = async (open: OpenContext): Promise<C> => {
      const context = await this.#create(open);
      call = 'restoreSnapshotFn';
      await this.#restore(context);
      return context;
    };
    try {
      const functions = { ...this.#functions, create };
      const made = { context: await createContext(this.#retries.part, functions, { ...this.#open, signal }) };
      return await this.#keep(made);
    } catch (thrown) {
      if (signal.aborted) throw this.#aborted(signal);
      const verdict = this.#retries.failed(call, thrown);
      if (verdict.kind !== 'again') throw verdict.error;
      await abortableWait(verdict.waitMs, signal);
      if (signal.aborted) throw this.#aborted(signal);
      return undefined;
    }
  }

  /** What comes behind its time is destroyed. */
  async #create(open: OpenContext): Promise<C> {
    const { timeoutMs = Number.POSITIVE_INFINITY } = this.#functions;
    // in an async function, so that one which throws at once rejects as well
    const making = (async () => this.#functions.create(open))();
    try {
      return await withinTime(making, `createFn of ${this.#retries.part}`, timeoutMs);
    } catch (thrown) {
      destroyWhenMade(this.#retries.part, this.#functions, making);
      throw thrown;
    }
  }

  async #restore(context: C): Promise<void> {
    try {
      await this.#functions.restore?.(context);
    } catch (thrown) {
      await destroyUnasked(this.#retries.part, this.#functions, context);
      throw thrown;
    }
  }

  async #keep(made: Made<C>): Promise<Made<C>> {
    // the end may have come in the turn in which it was made
    if (this.#closed) {
      await destroyUnasked(this.#retries.part, this.#functions, made.context);
      throw new MillraceError('ABORTED', `${this.#retries.part} is closed`);
    }
    this.#made = made;
    this.#retries.passed('createFn');
    this.#retries.passed('restoreSnapshotFn');
    return made;
  }

  #aborted(signal: AbortSignal): MillraceError {
    return new MillraceError('ABORTED', `${this.#retries.part} was not opened: aborted`, { cause: signal.reason });
  }
}
