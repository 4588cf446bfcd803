/**
 * The QoS that every message needs for exactly-once: 2, for below it the broker's copies cannot be told from new messages; 1 where
 * `deduplicateBy` tells them.
 */
export const neededQos = ({ deduplicateBy }: { readonly deduplicateBy: unknown }): 1 | 2 =>
  deduplicateBy === undefined ? 2 : 1;
