import type { DeadLetter } from '../../../connector/dead-letter.js';
import type { Frame } from './frame.js';
import type { RejectionPolicy } from './rejection-policy.js';

/** Told of an item that a sink gives up, with the frame that it came from where that is still held. */
export type OnRejected = (letter: DeadLetter, frame: Frame | undefined) => void;

/** One sink of a running job as the tick machine sees it: outputs go in, what became of them comes out. */
export interface OutputLane {
  /** Of the sink, in the job. */
  readonly name: string;
  /** Where its rejected items go. */
  readonly rejection: RejectionPolicy;
  /** Outputs in memory that the sink has not taken. */
  readonly waiting: number;
  /** How many more outputs it may be given; those of one input may overshoot it. */
  readonly room: number;
  /** Whether everything is delivered. */
  readonly quiet: boolean;
  /** Adds outputs of a frame. The array is the lane's from now on. */
  enqueue(items: readonly unknown[], frame: Frame | undefined): void;
  /** Takes what the destination has confirmed. */
  takeProgress(onRejected: OnRejected): void;
  /** Hands over as much as the sink takes. @throws what the sink throws: the sink has failed then */
  write(onRejected: OnRejected): void;
  /** What was handed over goes out. Every tick ends with it. */
  flush(): void;
  /** Resolves when a tick would find something new; rejects when the sink has failed. */
  ready(): Promise<void>;
}
