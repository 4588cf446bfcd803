/** Milliseconds to wait before the given retry; `attempt` counts from 1. */
export type IntervalFunction = (attempt: number) => number;

/**
 * When and how often something that failed is tried again, as plain frozen data (Jet's `RetryStrategy`). An MQTT sink uses it
 * for publishes that the broker refused for now (R20: 0x80, 0x83, 0x97) and, without auto-reconnect, for the connection.
 */
export interface RetryStrategy {
  /** Retries after the first try. 0: never; Infinity: for ever. */
  readonly maxAttempts: number;
  /** The wait before each of them. */
  readonly intervalFunction: IntervalFunction;
}
