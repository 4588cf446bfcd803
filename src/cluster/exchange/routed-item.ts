/** An item on its way to the partition of its key. */
export class RoutedItem {
  readonly partition: number;
  readonly item: unknown;

  constructor(partition: number, item: unknown) {
    this.partition = partition;
    this.item = item;
  }
}
