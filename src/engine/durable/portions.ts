import { MillraceError } from '../../errors/millrace-error.js';
import type { TickLanes } from '../tick/lanes/tick-lanes.js';
import type { Portion, Portions } from '../tick/portions.js';
import type { Room } from '../tick/room.js';
import type { UnitGate } from '../tick/unit-gate.js';
import { CommitPace } from './commit-pace.js';

export interface DurablePortionsOptions {
  /** Written to, so that outputs become rows. */
  readonly lanes: TickLanes;
  /** Whether inputs go one by one. */
  readonly gate: UnitGate;
  /** How much more may wait for the next commit. */
  readonly room: () => Room;
}

/** Portions of a job with a store: so large that what they lead to goes into a commit. They are kept as rows of the outboxes. */
export class DurablePortions implements Portions {
  readonly #options: DurablePortionsOptions;
  readonly #pace = new CommitPace();
  /** The room when the portion began: what is missing of it at the end is what it has cost. */
  #bytesBefore = 0;

  constructor(options: DurablePortionsOptions) {
    this.#options = options;
  }

  next(): Portion {
    const { gate, room } = this.#options;
    const now = room();
    this.#bytesBefore = now.bytes;
    return { inputs: gate.careful ? 1 : this.#pace.inputs(now), outputs: this.#pace.outputs };
  }

  /** Outputs become rows here, so that the next portion is cut by what this one has really put into the commit. */
  keep(inputs: number, paused: boolean): MillraceError | undefined {
    const { lanes, room } = this.#options;
    // of a slice only its rows count (`learnOutputs`): measured from here on, with state and calls changed already
    const bytesBefore = paused ? room().bytes : this.#bytesBefore;
    try {
      lanes.write();
    } catch (error) {
      // given and not thrown: the intake undoes the unit, or spoils the run (I2)
      return MillraceError.from(error);
    }
    if (paused) this.#pace.learnOutputs(bytesBefore - room().bytes);
    else if (inputs > 0) this.#pace.learn(inputs, bytesBefore - room().bytes);
    return undefined;
  }
}
