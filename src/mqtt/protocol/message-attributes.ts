import type { Properties } from './properties.js';

/** What a dead letter of an MQTT message has in its attributes. */
export interface MessageAttributes {
  /** The topic, where there was one. */
  readonly topic: string | undefined;
  /** undefined where there were none, where they could not be read, and below 5.0. */
  readonly properties: Properties | undefined;
  /** The whole packet as it came, of a message that could not be read as one (MALFORMED_MESSAGE). */
  readonly raw?: Uint8Array | undefined;
}

/** Those of a letter, which need not be of an MQTT message. */
export const messageAttributes = ({
  topic,
  properties,
  raw,
}: Readonly<Record<string, unknown>>): MessageAttributes => ({
  topic: typeof topic === 'string' ? topic : undefined,
  // what they may be is checked where they become a message
  properties: typeof properties === 'object' && properties !== null ? (properties as Properties) : undefined,
  raw: raw instanceof Uint8Array ? raw : undefined,
});
