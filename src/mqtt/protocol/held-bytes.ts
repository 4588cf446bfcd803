import type { Properties } from './properties.js';
import type { Rejection } from './rejection.js';

/*
 * One measure for what a message costs while it is held, whoever holds it: the buffer of a source, the engine, the queue of a sink. On the
 * wire a property has two bytes or five, in memory it is many times that, and whoever may publish chooses how many there are. The costs are
 * those of V8 on 64 bits, rounded up.
 */

/** The objects of a message: the message itself, the view of its payload, a place in a queue. */
const MESSAGE = 256;
const PROPERTIES = 128;
/** Two strings and their pair. */
const USER_PROPERTY = 128;
const IDENTIFIER = 16;
const BINARY = 128;
/** An error, its cause and their stacks. */
const REJECTION = 4096;

/** What is measured of a message. */
export interface HeldMessage {
  /** Counted by its length in JavaScript, which is its bytes for most. */
  readonly topic: string;
  /** Counted by its length, although it may keep a larger chunk. */
  readonly payload: Uint8Array;
  readonly properties?: Properties | undefined;
  /** With the whole packet, which is held beside what could be read of it (R22). */
  readonly rejection?: Rejection | undefined;
}

/** Bytes of memory that a message takes, its payload counted as long as it is and not as the chunk that it lies in. */
export function heldBytes({ topic, payload, properties, rejection }: HeldMessage): number {
  let bytes = MESSAGE + topic.length + payload.byteLength;
  if (properties !== undefined) bytes += propertyBytes(properties);
  if (rejection !== undefined) bytes += REJECTION + rejection.raw.byteLength;
  return bytes;
}

function propertyBytes(properties: Properties): number {
  const { contentType, responseTopic, correlationData, userProperties, subscriptionIdentifiers } = properties;
  let bytes = PROPERTIES + (contentType?.length ?? 0) + (responseTopic?.length ?? 0);
  if (correlationData !== undefined) bytes += BINARY + correlationData.byteLength;
  if (subscriptionIdentifiers !== undefined) bytes += IDENTIFIER * subscriptionIdentifiers.length;
  if (userProperties === undefined) return bytes;
  bytes += USER_PROPERTY * userProperties.length;
  for (const [name, value] of userProperties) bytes += name.length + value.length;
  return bytes;
}
