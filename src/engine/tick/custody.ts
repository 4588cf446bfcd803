import type { SourceReader } from '../../connector/source-reader.js';
import type { Downstream } from '../../pipeline/compile/pipeline-plan.js';
import type { SourceLane } from './lanes/source-lane.js';
import type { Portions } from './portions.js';
import type { Room } from './room.js';
import type { StoredMessages } from './stored-messages.js';

/**
 * Who answers for an input from its poll until it is acknowledged: the seam between a job without and one with a store. Without one
 * (`direct/`) the brokers do, until all that the input led to is delivered; with one (`durable/`) the store does, from the commit on. The
 * tick machine asks how much may be taken, the driver has each tick concluded; neither knows which of the two it has.
 *
 * N1. What was taken is in custody when `Portions.keep` returns: it lies in a lane that holds its frame, or in the next commit.
 * N2. A source is answered in `conclude` or in `handleCommitted`, and nowhere else.
 * N3. `conclude` comes after every tick, and never in its middle. After a commit that it gave, `handleCommitted` comes before it gives
 *     another. What a port throws at either fails the run.
 */
export interface Custody {
  /** How many more items and bytes may be taken at all, whatever source they are of. */
  room(): Room;
  /** How many outputs the frame under way of a source may lead to now; 0 for: not now. */
  budget(lane: SourceLane): number;
  /** The same for timers that are due. */
  dueRoom(downstream: Downstream): number;
  /** The same for an input, or a result, that has led to a part of its outputs. */
  midwayRoom(downstream: Downstream): number;
  /** For a source, or for the results of one frame behind a mapAsync stage. */
  portions(): Portions;

  /**
   * What a tick did is through: answers the sources, or gives the commit that must be durable before they are.
   * @param last takes what could wait for another reason to commit, too
   * @param more the next tick has more to do at once
   * @throws MillraceError for what cannot be stored: nothing of it is, and the run must end
   */
  conclude(now: number, last: boolean, more: boolean): Promise<void> | undefined;
  /** The commit that `conclude` gave is durable: everything that waited for it goes out. */
  handleCommitted(now: number): void;
  /** When `conclude` has work that only time gives; Infinity for never. */
  deadline(): number;
  /**
   * Whether what is taken now can only be concluded later: while a commit is under way, or waits for answers. The end of the one is told by
   * `handleCommitted`, that of the other by `whenDirty` and the sinks, or it is the `deadline`.
   */
  readonly holding: boolean;
  /**
   * Resolves when a source has something that only a commit lets it answer, and when no more of that is to come for now; undefined where it
   * need not be asked.
   */
  whenDirty(reader: SourceReader<unknown>): Promise<void> | undefined;

  /** Whether everything that happened is answered, but for completions that may wait. */
  readonly settled: boolean;
  /** Whether all that the inputs did is safe and they are answered; what is delivered later is there at the next start. */
  readonly covered: boolean;
  /** Whether a halted run has nothing left to bring to an end. */
  readonly over: boolean;
  /** What outboxes have: stored, or about to be, and not known to be delivered. */
  readonly stored: StoredMessages;
}
