import { functionMistake } from '../../errors/function-mistake.js';
import { refusePromise } from '../../internal/refuse-promise.js';
import type { AggregateOperation } from '../aggregates/aggregate-operation.js';
import { StateFailure } from '../compile/failure/undoable-states.js';
import type { StateCodec } from '../state-codec.js';
import { changeFrom, type Kept, leavePart, type Pane, type WindowState } from './window-state.js';

/** Any aggregate: what its accumulators are is for itself to know. */
export type AnyAggregate = AggregateOperation<unknown, unknown, unknown>;

/**
 * The accumulators of panes. A stored one is read where it is needed, and one that has not changed keeps its bytes: so what an item costs
 * does not grow with the panes that it does not touch.
 */
export class Accumulators {
  readonly #operation: AnyAggregate;
  readonly #codec: StateCodec<unknown>;

  constructor(operation: AnyAggregate, codec: StateCodec<unknown>) {
    this.#operation = operation;
    this.#codec = codec;
  }

  get deducts(): boolean {
    return this.#operation.deduct !== undefined;
  }

  /** Not to be changed. */
  of(kept: Kept): unknown {
    if (kept.value === undefined) kept.value = kept.storedStart === 0 ? this.#create() : this.#read(kept);
    return kept.value;
  }

  /** Has an item in it. */
  accumulate(state: WindowState, pane: Pane, item: unknown): void {
    const before = this.#toChange(pane);
    leavePart(state, pane);
    changeFrom(state, pane.to);
    const after = this.#operation.accumulate(before, item);
    // mostly it is changed in place, and was looked at when it was created
    if (after !== before) pane.value = checked(after, 'accumulate');
  }

  /** Has what is in the pane in it, too. */
  combine(kept: Kept, pane: Pane): void {
    kept.value = this.#combined(this.#toChange(kept), this.of(pane));
  }

  /** Undoes `combine`. */
  deduct(kept: Kept, pane: Pane): void {
    const before = this.#toChange(kept);
    kept.value = checked(this.#operation.deduct?.(before, this.of(pane)), 'deduct');
  }

  /** That of all these, in their order: not to be changed, since it may be that of the only one. */
  together(panes: readonly Pane[]): unknown {
    const [only, second] = panes;
    if (only !== undefined && second === undefined) return this.of(only);
    return panes.reduce((all, pane) => this.#combined(all, this.of(pane)), this.#create());
  }

  resultOf(accumulator: unknown): unknown {
    return exported(this.#operation, accumulator);
  }

  #create(): unknown {
    return checked(this.#operation.create(), 'create');
  }

  #combined(accumulator: unknown, later: unknown): unknown {
    return checked(this.#operation.combine?.(accumulator, later), 'combine');
  }

  /** Functions change it in place, so its bytes are no longer its own, whatever comes of it. */
  #toChange(kept: Kept): unknown {
    const before = this.of(kept);
    kept.storedStart = 0;
    kept.bytes = undefined;
    return before;
  }

  #read({ bytes, storedStart, storedEnd }: Kept): unknown {
    try {
      return this.#codec.decode((bytes ?? NO_BYTES).slice(storedStart, storedEnd));
    } catch (cause) {
      throw new StateFailure(cause);
    }
  }
}

const NO_BYTES = new Uint8Array();

/** What a function gave as an accumulator. */
export const checked = (value: unknown, name: string): unknown => {
  refusePromise(value, name);
  if (value !== undefined) return value;
  throw functionMistake(`${name} returned undefined`, 'It must return the accumulator.');
};

/** What an accumulator has come to. */
export const exported = (operation: AnyAggregate, accumulator: unknown): unknown => {
  const result = operation.export(accumulator);
  refusePromise(result, 'export');
  if (result !== accumulator || typeof result !== 'object' || result === null) return result;
  throw functionMistake(
    'export returned the accumulator itself',
    'Return a copy, as { ...accumulator }: later items change it.',
  );
};
