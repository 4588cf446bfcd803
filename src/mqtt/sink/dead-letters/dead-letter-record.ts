import type { DeadLetter } from '../../../connector/dead-letter.js';
import { visibleJson } from '../../../internal/visible-text.js';
import { messageAttributes } from '../../protocol/message-attributes.js';
import { itemText } from './item-text.js';

const base64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');

/**
 * A dead letter as one JSON text: a line of a dead-letter file, and the payload of a dead-letter message on a 3.x
 * connection. Bytes (`payload`, `packet`: the raw packet of a malformed message, `properties.correlationData`) are base64, `timestamp` is
 * ISO 8601; `item` is what `util.inspect` shows of an item that has no bytes, `fields` of what an item has besides its bytes. Nothing in it
 * moves a terminal that shows it.
 */
export const deadLetterRecord = (letter: DeadLetter): string => {
  const { payload, error, attempt, timestampMs, origin } = letter;
  const { topic, raw, properties } = messageAttributes(letter.attributes);
  const { key, item, fields } = letter.attributes;
  return visibleJson({
    timestamp: new Date(timestampMs).toISOString(),
    origin,
    topic,
    key: key === undefined ? undefined : String(key),
    attempt,
    error: error.toJSON(),
    payload: payload === undefined ? undefined : base64(payload),
    item: payload === undefined && raw === undefined && item !== undefined ? itemText(item) : undefined,
    fields: fields === undefined ? undefined : itemText(fields),
    packet: raw === undefined ? undefined : base64(raw),
    properties:
      properties?.correlationData === undefined
        ? properties
        : { ...properties, correlationData: base64(properties.correlationData) },
  });
};
