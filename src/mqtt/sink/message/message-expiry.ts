import type { Properties } from '../../protocol/properties.js';

/** What may expire: the wall-clock time at which it does, in milliseconds, and its properties. */
export interface Expiring {
  /** undefined: never. */
  readonly expiresAtMs: number | undefined;
  readonly properties?: Properties | undefined;
}

/**
 * When a message expires whose Message Expiry Interval (seconds) began to count at that wall-clock time; undefined for never. 0 is sent
 * as it is: what it means is the broker's (mosquitto takes it for never).
 */
export const expiryTime = (intervalS: number | undefined, sinceMs: number): number | undefined =>
  intervalS === undefined || intervalS === 0 ? undefined : sinceMs + intervalS * 1000;

/** R23: there is nothing left of it. */
export const hasExpired = ({ expiresAtMs }: Expiring, wallMs: number): boolean =>
  expiresAtMs !== undefined && wallMs >= expiresAtMs;

/**
 * R23: the properties to send now, with what is left of the Message Expiry Interval [MQTT-3.3.2-6]: at least 1, since 0 is never to some
 * brokers, and at most the whole, however the clock was set meanwhile.
 */
export const agedProperties = (
  properties: Properties,
  { expiresAtMs, wholeS, wallMs }: { readonly expiresAtMs: number; readonly wholeS: number; readonly wallMs: number },
): Properties => {
  const leftS = Math.min(wholeS, Math.max(1, Math.ceil((expiresAtMs - wallMs) / 1000)));
  return properties.messageExpiryInterval === leftS ? properties : { ...properties, messageExpiryInterval: leftS };
};
