import type { ItemTime } from '../../../pipeline/time/pending-times.js';
import type { Frame } from './frame.js';

/** What one run of a fragment has for a mapAsync stage. */
export interface GivenItems {
  readonly items: readonly unknown[];
  /** For each the index of the input that it came from. */
  readonly origins: readonly number[];
  /** For each its time; empty where items have none. */
  readonly times: readonly ItemTime[];
  /** They hold it. */
  readonly frame: Frame;
}
