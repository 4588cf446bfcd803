import { MillraceError } from '../../errors/millrace-error.js';
import type { Custody } from '../tick/custody.js';
import type { OutputLane } from '../tick/lanes/output-lane.js';
import type { SourceLane } from '../tick/lanes/source-lane.js';
import type { TickLanes } from '../tick/lanes/tick-lanes.js';

/** Who is told what the ports of a run have to say. */
export interface PortListener {
  /** A source may have items. */
  readonly onItems: () => void;
  /** A sink can do something, or a source has something that only a commit lets it answer. */
  readonly onWork: () => void;
  readonly onSourceFailed: (error: MillraceError) => void;
  readonly onSinkFailed: (error: MillraceError) => void;
}

/**
 * Asks the sources and sinks of a run when they have something to say. There is at most one `ready` and one `whenDirty` promise of each at a
 * time (J2 of `JobDriver`).
 */
export class PortSignals {
  readonly #lanes: TickLanes;
  readonly #custody: Custody;
  readonly #listener: PortListener;
  /** Whose `whenDirty` is pending. One that rejects stays in: `failed`, or the next poll, says why. */
  readonly #dirtyAsked = new Set<SourceLane>();
  /** Whose `ready` is pending. One that rejects stays in, and so is never asked again: it has failed. */
  readonly #waitingFor = new Set<SourceLane | OutputLane>();

  constructor(lanes: TickLanes, custody: Custody, listener: PortListener) {
    this.#lanes = lanes;
    this.#custody = custody;
    this.#listener = listener;
  }

  /**
   * Once for the run: unlike `ready`, `failed` settles once and is for good. A source that cannot be polled because of back-pressure must be
   * able to fail the job as well.
   */
  watch(): void {
    for (const { options } of this.#lanes.sources) void options.reader.failed?.then(this.#listener.onSourceFailed);
  }

  /** Asks each port once for its next `ready`; a source only after a poll that gave nothing, since before that it is ready. */
  ask(): void {
    const { onItems, onWork, onSourceFailed, onSinkFailed } = this.#listener;
    for (const lane of this.#lanes.sources) {
      this.#askDirty(lane);
      if (lane.mayHaveItems || lane.done || this.#waitingFor.has(lane)) continue;
      const onReady = () => {
        lane.handleReady();
        onItems();
      };
      this.#wait(lane, lane.options.reader.ready(), { onReady, onFailed: onSourceFailed });
    }
    for (const lane of this.#lanes.sinks) {
      if (!this.#waitingFor.has(lane)) this.#wait(lane, lane.ready(), { onReady: onWork, onFailed: onSinkFailed });
    }
  }

  #askDirty(lane: SourceLane): void {
    if (this.#dirtyAsked.has(lane)) return;
    const dirty = this.#custody.whenDirty(lane.options.reader);
    if (dirty === undefined) return;
    this.#dirtyAsked.add(lane);
    dirty.then(
      () => {
        this.#dirtyAsked.delete(lane);
        this.#listener.onWork();
      },
      () => {},
    );
  }

  #wait(
    lane: SourceLane | OutputLane,
    ready: Promise<void>,
    on: { readonly onReady: () => void; readonly onFailed: (error: MillraceError) => void },
  ): void {
    this.#waitingFor.add(lane);
    ready.then(
      () => {
        this.#waitingFor.delete(lane);
        on.onReady();
      },
      (error: unknown) => on.onFailed(MillraceError.from(error)),
    );
  }
}
