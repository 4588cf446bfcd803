import type { MillraceError } from '../../../errors/index.js';
import type { PublishPacket } from '../packet.js';
import type { Properties } from '../properties.js';
import type { QualityOfService } from '../quality-of-service.js';
import type { Rejection } from '../rejection.js';
import type { DecodeContext } from './decode/decode-context.js';
import { readPacketId } from './decode/decode-packet-id.js';
import { readProperties } from './decode/property-reader.js';
import { decodeUtf8 } from './utf8.js';
import { variableIntegerSize, writeVariableInteger } from './variable-integer.js';

/** Unspecified error, Implementation specific error, Topic Name invalid (5: 3.4.2.1). */
const UNSPECIFIED = 0x80;
const OWN_LIMIT = 0x83;
const TOPIC_NAME_INVALID = 0x90;

/**
 * R22: the PUBLISH that `error` was thrown at, with all that can be read of it. Throws the error when the packet cannot be delimited:
 * a length that goes past its end, or a missing packet id, says that these bytes are not what they seem.
 */
export function rejectedPublish(context: DecodeContext, error: MillraceError): PublishPacket {
  try {
    return salvage(context, error);
  } catch {
    throw error;
  } finally {
    context.leftOut = [];
  }
}

/** Why the packet that was read last is rejected after all. */
export function rejectionOf(context: DecodeContext, error: MillraceError): Rejection {
  return { error, raw: rawPacket(context), reasonCode: UNSPECIFIED, aliasUnknown: false };
}

function salvage(context: DecodeContext, error: MillraceError): PublishPacket {
  const { reader, first } = context;
  const qos = ((first >> 1) & 3) as QualityOfService;
  reader.reset(reader.bytes, context.start, context.end);
  const topicLength = reader.u16();
  const topic = readableTopic(context, reader.skip(topicLength), topicLength);
  const packetId = qos === 0 ? 0 : readPacketId(reader);
  const { properties, unreadable } = context.version === 5 ? readableProperties(context) : NO_PROPERTIES;
  return {
    type: 'publish',
    topic: topic ?? '',
    payload: reader.rest(),
    qos,
    retain: (first & 1) !== 0,
    dup: qos !== 0 && (first & 8) !== 0,
    packetId,
    ...(properties === undefined ? {} : { properties }),
    rejection: {
      error,
      raw: rawPacket(context),
      reasonCode: reasonCodeOf(error, unreadable),
      aliasUnknown: unreadable,
    },
  };
}

/** Where the properties can be read it is the topic that cannot be taken. */
function reasonCodeOf({ code }: MillraceError, unreadable: boolean): number {
  if (code === 'PACKET_TOO_LARGE') return OWN_LIMIT;
  return unreadable ? UNSPECIFIED : TOPIC_NAME_INVALID;
}

/** The text of the topic, be it one or not; undefined when it is no text. */
function readableTopic({ reader }: DecodeContext, start: number, length: number): string | undefined {
  try {
    return decodeUtf8(reader.bytes, start, start + length);
  } catch {
    return undefined;
  }
}

interface Readable {
  readonly properties: Properties | undefined;
  readonly unreadable: boolean;
}

const NO_PROPERTIES: Readable = { properties: undefined, unreadable: false };

/** All of the properties or none. Throws when they cannot be delimited; else the reader stands behind them. */
function readableProperties(context: DecodeContext): Readable {
  const { reader, from, end } = context;
  const start = reader.position;
  const length = reader.variableInteger();
  const behind = reader.skip(length) + length;
  reader.position = start;
  try {
    return { properties: readProperties(reader, 'publish', from, context), unreadable: false };
  } catch {
    return { properties: undefined, unreadable: true };
  } finally {
    reader.position = behind;
    reader.end = end;
  }
}

/** A copy of the packet, with its fixed header. */
function rawPacket({ reader, first, start, end }: DecodeContext): Uint8Array {
  const length = end - start;
  const head = 1 + variableIntegerSize(length);
  const raw = new Uint8Array(head + length);
  raw[0] = first;
  writeVariableInteger(length, raw, 1);
  raw.set(reader.bytes.subarray(start, end), head);
  return raw;
}
