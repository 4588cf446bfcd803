import { visible, visibleJson } from '../../internal/visible-text.js';
import type { Properties } from '../../mqtt/protocol/properties.js';
import type { ReceivedMessage } from '../../mqtt/source/received-message.js';

/** What becomes of a message. `text`: as it is, but on a terminal what that would obey is escaped; `raw`: as it is in any case. */
export interface LineForm {
  readonly as: 'text' | 'json' | 'raw';
  /** The topic before the payload. JSON has it in any case. */
  readonly verbose: boolean;
}

type Message = Pick<ReceivedMessage, 'topic' | 'payload' | 'qos' | 'retain' | 'dup' | 'properties'>;

const STRICT = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A message as the line that is written of it, its end included. @param nowMs since 1970 */
export function messageLine(message: Message, form: LineForm, toTerminal: boolean, nowMs: number): Uint8Array {
  if (form.as === 'json') return Buffer.from(`${jsonOf(message, nowMs)}\n`);
  const topic = form.verbose ? `${message.topic} ` : '';
  if (form.as === 'raw' || !toTerminal) return Buffer.concat([Buffer.from(topic), message.payload, Buffer.from('\n')]);
  return Buffer.from(`${visible(topic)}${shown(message.payload)}\n`);
}

/** Text with escapes; of what is no UTF-8 each byte that is no letter of ASCII is one, as `\xff`. */
function shown(payload: Uint8Array): string {
  const text = textOf(payload);
  if (text !== undefined) return visible(text);
  return Buffer.from(payload)
    .toString('latin1')
    .replaceAll(/[^\x20-\x7e]/g, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

function textOf(payload: Uint8Array): string | undefined {
  try {
    return STRICT.decode(payload);
  } catch {
    return undefined;
  }
}

/** `payload` is text; where it is no UTF-8, `payloadBase64` is there in its place. */
function jsonOf({ topic, payload, qos, retain, dup, properties }: Message, nowMs: number): string {
  const text = textOf(payload);
  return visibleJson({
    time: new Date(nowMs).toISOString(),
    topic,
    ...(text === undefined ? { payloadBase64: Buffer.from(payload).toString('base64') } : { payload: text }),
    qos,
    retain,
    dup,
    properties: Object.keys(properties).length === 0 ? undefined : plain(properties),
  });
}

const plain = ({ correlationData, ...properties }: Properties): object =>
  correlationData === undefined
    ? properties
    : { ...properties, correlationData: Buffer.from(correlationData).toString('base64') };
