import type { DeadLetter } from '../../../connector/dead-letter.js';
import { messageAttributes } from '../../protocol/message-attributes.js';
import type { UserProperty } from '../../protocol/properties.js';
import type { ProtocolVersion } from '../../protocol/protocol-version.js';
import type { SinkMessage } from '../message/sink-message.js';
import { deadLetterRecord } from './dead-letter-record.js';
import { itemText } from './item-text.js';
import { letterProperties } from './letter-properties.js';

const EMPTY = new Uint8Array(0);
/** An error text may quote what a broker or a user's function said: enough of it to understand, never enough to overflow. */
const MAX_TEXT = 1024;

/** Control characters have no place in an MQTT string [MQTT-1.5.4-2]; unpaired surrogates become U+FFFD [MQTT-1.5.4-1]. */
const toMqttText = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is to be found
  Buffer.from(text.slice(0, MAX_TEXT).replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ')).toString();

/**
 * The message for a dead letter. On 5.0 payload and properties are those of the original (`letterProperties`), with what is known of the
 * failure in user properties named `millrace-…`; on 3.x it is a JSON text with the payload in base64. Of a malformed message the payload is
 * the whole packet as it came, of an item that is no payload what `util.inspect` shows of it; `millrace-content` says so.
 */
export const deadLetterMessage = (letter: DeadLetter, version: ProtocolVersion): SinkMessage => {
  if (version < 5) return { payload: deadLetterRecord(letter) };
  const { topic, raw, properties } = messageAttributes(letter.attributes);
  const known = facts(letter, topic);
  if (raw !== undefined) {
    return { payload: raw, properties: { userProperties: [...known, ['millrace-content', 'packet']] } };
  }
  if (letter.payload === undefined && letter.attributes.item !== undefined) return shownItem(letter, known);
  const own = letterProperties(properties);
  return {
    payload: letter.payload ?? EMPTY,
    properties: { ...own, userProperties: [...(own.userProperties ?? []), ...known] },
  };
};

/** An item of a stage that is no payload: for people to read, as the JSON text of a letter has it. */
const shownItem = ({ attributes }: DeadLetter, known: readonly UserProperty[]): SinkMessage => ({
  payload: itemText(attributes.item),
  properties: { userProperties: [...known, ['millrace-content', 'inspected']] },
});

const facts = (
  { error, attempt, origin, timestampMs, attributes: { key, fields } }: DeadLetter,
  topic: string | undefined,
): UserProperty[] => [
  ...(topic === undefined ? [] : [['millrace-topic', toMqttText(topic)] as const]),
  ...(key === undefined ? [] : [['millrace-key', toMqttText(String(key))] as const]),
  ...(fields === undefined ? [] : [['millrace-fields', toMqttText(itemText(fields))] as const]),
  ['millrace-error-code', error.code],
  ['millrace-error', toMqttText(error.message)],
  ['millrace-attempt', String(attempt)],
  ['millrace-origin', toMqttText(origin)],
  ['millrace-timestamp', new Date(timestampMs).toISOString()],
];
