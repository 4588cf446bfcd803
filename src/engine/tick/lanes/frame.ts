import type { Polled } from '../../../connector/source-reader.js';
import type { TimedStagePlan } from '../../../pipeline/compile/pipeline-plan.js';
import type { DueTimer } from '../../../pipeline/timers/stage-timers.js';

/**
 * The unit of work: what one poll of one source gave, or timers of one stage that fired together. `holds` counts what must happen before the frame is complete: its
 * own processing, each sink that still owes a delivery for it, each mapAsync call. Nothing is kept per item.
 */
export interface Frame {
  /** Whose inputs, for errors: a source, or a stage with timers. */
  readonly source: string;
  /** The highest position it covers. It and the count are lowered only when an item failed. */
  last: number;
  /** For the bound, and what is counted as complete. */
  itemCount: number;
  /** As the source counts them, rejected inputs included. */
  readonly bytes: number;
  /** It is complete at 0. Raised and lowered by whoever owes something. */
  holds: number;
  /** A durable job commits all of it or nothing: from the poll on, something of each of its items is in the next commit. */
  readonly whole: boolean;
  /** Set where its items are timers; of one that was restored they are not known any more. */
  readonly timers?: readonly DueTimer[];
  /** What they are for. */
  readonly fires?: FiringStage;
  /** The position of an item by its index in the poll; undefined where gaps make it unknown. */
  positionOf(index: number): number | undefined;
}

/** What is said of the stage whose timers fire. */
export type FiringStage = Pick<TimedStagePlan, 'name' | 'fires' | 'early'>;

const positionLookup = ({ first, last, items, rejected }: Polled<unknown>): Frame['positionOf'] => {
  if (items.length === last - first + 1) return (index) => first + index;
  if (items.length + rejected.length !== last - first + 1) return () => undefined;
  return (index) => {
    const skipped = new Set(rejected.map(({ position }) => position));
    let position = first - 1;
    for (let left = index; left >= 0; left -= 1) {
      position += 1;
      while (skipped.has(position)) position += 1;
    }
    return position;
  };
};

/** A frame that is held by its own processing. */
export const createFrame = (source: string, polled: Polled<unknown>): Frame => ({
  source,
  last: polled.last,
  itemCount: polled.items.length,
  bytes: polled.bytes,
  holds: 1,
  // the letters of its rejected inputs, the keys of its items
  whole: polled.rejected.length > 0 || polled.keys !== undefined,
  positionOf: positionLookup(polled),
});

/** One that no source is told of: its timers are cleared in the commit that has what they led to. */
export const createTimerFrame = (stage: FiringStage, timers: readonly DueTimer[]): Frame => ({
  source: stage.name,
  last: timers.at(-1)?.at ?? 0,
  itemCount: timers.length,
  bytes: 0,
  holds: 1,
  whole: false,
  timers,
  fires: stage,
  positionOf: () => undefined,
});

/** Whether a frame can only be committed as a whole: the position of its items, or what the poll did with each, is not known. */
export const isWhole = (frame: Frame, next: number): boolean => frame.whole || frame.positionOf(next) === undefined;

/** What is told where outputs of a frame go to a sink. Of one that was restored it is no position: they are those of an earlier run. */
export const handOverOf = (sink: string, { source, last, itemCount, positionOf }: Frame) => ({
  sink,
  source,
  first: positionOf(0) ?? last - itemCount + 1,
  last,
});
