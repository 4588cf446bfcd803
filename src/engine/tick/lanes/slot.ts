import type { ItemTime } from '../../../pipeline/time/pending-times.js';
import type { Frame } from './frame.js';

/** How a call ended. */
export type Settled =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'error'; readonly cause: unknown; readonly attempt: number };

/** One mapAsync call, from its start until its result is taken in order. */
export interface Slot {
  /** What the call is made with. */
  readonly item: unknown;
  /** Is held until the result has been passed on. */
  readonly frame: Frame;
  /** Index of the input in its frame. */
  readonly origin: number;
  /** Of the item, where the items of the stage have one. */
  readonly time: ItemTime | undefined;
  /** Undefined while the call is under way. */
  settled: Settled | undefined;
}
