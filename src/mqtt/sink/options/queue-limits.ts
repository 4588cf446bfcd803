/** What a sink without a store does with a message for which it has no room while it is offline. `pause`: it takes none. */
export type OfflineOverflow = 'drop-oldest' | 'drop-newest' | 'pause';

/** The bounds of one queue. */
export interface QueueLimits {
  /** Messages that wait above the window. */
  readonly maxBufferedMessages: number;
  /** Bytes of all messages that are not done, waiting and in flight; one message may overshoot it. */
  readonly maxBufferedBytes: number;
  /** What happens at these bounds while there is no connection. */
  readonly offlineOverflow: OfflineOverflow;
}
