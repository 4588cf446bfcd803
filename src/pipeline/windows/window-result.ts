/** What a window has come to. */
export interface WindowResult<R> {
  /** Its first moment, in milliseconds since 1970. */
  readonly start: number;
  /** The first moment behind it. */
  readonly end: number;
  /** What the aggregate gives for its items. */
  readonly value: R;
  /** The window has not ended: later results of it have more items. See {@link WindowDefinition.setEarlyResultsPeriod}. */
  readonly isEarly: boolean;
}

/** What the window of one key has come to. */
export interface KeyedWindowResult<K, R> extends WindowResult<R> {
  /** That of its items. */
  readonly key: K;
}
