import type { Store } from '../../store/store.js';
import { storeKeys } from '../layout/keys/store-keys.js';
import type { Overlay } from '../layout/overlay.js';
import { encodeStored } from '../layout/values/stored-value.js';
import type { Undoable, Unit } from '../tick/unit.js';

/** So many inputs after a start behind a failure are undone one by one when they fail. */
const CAREFUL_INPUTS = 10_000;

/** Has the next run begin carefully. A store that has failed takes nothing: then the next run is as this one was. */
export const beCareful = async (store: Store): Promise<void> => {
  try {
    if (store.get(storeKeys.careful) !== undefined) return;
    await store.commit(new Map([[storeKeys.careful, encodeStored(true)]]));
  } catch {
    // as said above
  }
};

export interface CarefulUnitOptions {
  /** Has what a unit has changed as bytes. */
  readonly overlay: Overlay;
  /** The rows, known keys and pending calls of the job. */
  readonly parts: readonly Undoable[];
  /** Those of stages: encoded after each unit. */
  readonly states: Undoable & { sealInto(overlay: Overlay): void };
  /** Throws for an overlay that no commit can have. */
  readonly checkSize: () => void;
}

/**
 * C1. After a run that lost work to a failing item the next one begins carefully, durably known: each input is a unit of its own. What was
 *     done before an item that fails is committed, in order, and of the item itself nothing is: its rows and calls are dropped, and the
 *     states are as they were encoded before it. So such a run gets on by all that stands before the item.
 *
 * States are encoded after each unit, into the overlay and not to the disk: that is all it costs.
 */
export class CarefulUnit implements Unit {
  readonly exclusive = true;
  readonly #options: CarefulUnitOptions;
  /** Counted in memory: a run that fails before it is through begins with all of them again. */
  #left: number;

  constructor(options: CarefulUnitOptions) {
    this.#options = options;
    this.#left = options.overlay.get(storeKeys.careful) === undefined ? 0 : CAREFUL_INPUTS;
  }

  /** Not after so many inputs that went well: the one that failed would have come by now, and encoding each state costs. */
  get on(): boolean {
    return this.#left > 0;
  }

  begin(): void {
    const { overlay, parts, states } = this.#options;
    // all of them at one moment: between two units nothing of them has changed that is not encoded
    overlay.begin();
    states.begin();
    for (const part of parts) part.begin();
  }

  undo(): void {
    const { overlay, parts, states } = this.#options;
    // states forget their instances, and are read from it again as they were before the unit
    overlay.undo();
    states.undo();
    for (const part of parts) part.undo();
  }

  end(): void {
    const { overlay, states, checkSize } = this.#options;
    // so that a later `undo` finds in the overlay what this unit has made of them
    states.sealInto(overlay);
    checkSize();
    this.#left -= 1;
    if (this.#left === 0) overlay.remove(storeKeys.careful);
  }
}
