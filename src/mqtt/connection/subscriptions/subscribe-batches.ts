/** What one SUBSCRIBE or UNSUBSCRIBE may carry. */
export interface BatchLimits {
  /** `subscribeBatchSize` of the connect options. */
  readonly filters: number;
  /** Bytes of the whole packet: the server's Maximum Packet Size. */
  readonly bytes: number;
}

/** Fixed header, packet id and a subscription identifier at their longest, rounded up. */
const PACKET_BYTES = 16;
/** A length in front of the filter and the options behind it. */
const FILTER_BYTES = 3;

const utf8 = new TextEncoder();

const filterBytes = (filter: string): number => FILTER_BYTES + utf8.encode(filter).length;

/** Bytes of a packet that subscribes to this filter alone. */
export const soleFilterBytes = (filter: string): number => PACKET_BYTES + filterBytes(filter);

/** Splits what is to be subscribed or unsubscribed, in order. A filter that is too large by itself is a batch of its own. */
export function subscribeBatches<T>(
  items: readonly T[],
  filterOf: (item: T) => string,
  limits: BatchLimits,
): readonly (readonly T[])[] {
  const result: T[][] = [];
  let batch: T[] = [];
  let bytes = PACKET_BYTES;
  for (const item of items) {
    const more = filterBytes(filterOf(item));
    if (batch.length > 0 && (batch.length >= limits.filters || bytes + more > limits.bytes)) {
      result.push(batch);
      batch = [];
      bytes = PACKET_BYTES;
    }
    batch.push(item);
    bytes += more;
  }
  if (batch.length > 0) result.push(batch);
  return result;
}
