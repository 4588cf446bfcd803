import type { ItemTime } from '../../pipeline/time/pending-times.js';
import type { StreamTime } from '../../pipeline/time/time-source.js';

/** An item on its way to the partition of its key. */
export class RoutedItem {
  readonly partition: number;
  readonly item: unknown;
  /** Where it has one. */
  readonly time: ItemTime | undefined;

  constructor(partition: number, item: unknown, time?: ItemTime) {
    this.partition = partition;
    this.item = item;
    this.time = time;
  }
}

/** How far the time of a stream has come, on its way to a partition. */
export class RoutedTime {
  readonly partition: number;
  readonly time: StreamTime;

  constructor(partition: number, time: StreamTime) {
    this.partition = partition;
    this.time = time;
  }
}
