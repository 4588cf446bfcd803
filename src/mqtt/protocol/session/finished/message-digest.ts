import type { PublishPacket } from '../../packet.js';
import type { Properties } from '../../properties.js';

/** No message has it: the digest of a message that was taken by a version that made none. */
export const NO_DIGEST = 0;

const SEED = 0x811c9dc5 | 0;
const PRIME = 0x01000193;
const WORD_MIX = 0x5bd1e995;
/** Stands between fields, so that what moves from one to the next is seen. */
const END = 0x100;

/**
 * What a re-send of a message must have in common with it (R2b): topic, payload, retain flag and the properties that cannot change on
 * the way. Not the Message Expiry Interval, which is what is left of it [MQTT-3.3.2-6], not the Subscription Identifiers, and not the
 * Topic Alias: the topic is the resolved one. Of one that is rejected (R22), all but the first byte, which has the DUP flag.
 * A signed 32-bit number, never `NO_DIGEST`.
 */
export function messageDigest(packet: PublishPacket, topic: string): number {
  const { rejection } = packet;
  const digest = rejection === undefined ? ofMessage(packet, topic) : withBytes(SEED, rejection.raw.subarray(1));
  return digest === NO_DIGEST ? 1 : digest;
}

function ofMessage({ payload, retain, properties }: PublishPacket, topic: string): number {
  const digest = withText(retain ? ~SEED : SEED, topic);
  return withBytes(properties === undefined ? digest : withProperties(digest, properties), payload);
}

function withProperties(before: number, properties: Properties): number {
  const { payloadFormatIndicator, contentType, responseTopic, correlationData, userProperties } = properties;
  let digest = mix(before, payloadFormatIndicator ?? END);
  if (contentType !== undefined) digest = withText(mix(digest, 1), contentType);
  if (responseTopic !== undefined) digest = withText(mix(digest, 2), responseTopic);
  if (correlationData !== undefined) digest = withBytes(mix(digest, 3), correlationData);
  for (const [name, value] of userProperties ?? []) digest = withText(withText(mix(digest, 4), name), value);
  return digest;
}

/** The loops call nothing: what is here is done for each byte of each message of QoS 2. */
function withText(before: number, text: string): number {
  let digest = before;
  for (let at = 0; at < text.length; at += 1) digest = Math.imul(digest ^ text.charCodeAt(at), PRIME);
  return mix(digest, END);
}

/** Four bytes at a time: payloads may be large. */
function withBytes(before: number, bytes: Uint8Array): number {
  const { length } = bytes;
  const words = length - (length % 4);
  let digest = mix(before, length);
  let at = 0;
  for (; at < words; at += 4) {
    const low = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
    const high = ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);
    digest = Math.imul(digest ^ low ^ high, WORD_MIX);
    digest ^= digest >>> 15;
  }
  for (; at < length; at += 1) digest = mix(digest, bytes[at] ?? 0);
  return digest;
}

function mix(digest: number, value: number): number {
  return Math.imul(digest ^ value, PRIME);
}
