import { visible, visibleJson } from '../../internal/visible-text.js';
import { shownBytes } from '../inspect/shown-value.js';
import type { StoredLetter } from './read-letter.js';

/** What is told of a letter in a list. */
export function letterLine(letter: StoredLetter, number: number, json: boolean): string {
  const { timestampMs, error, topic, payload, origin, attempt } = letter;
  const timestamp = new Date(timestampMs).toISOString();
  if (json) return `${visibleJson({ number, timestamp, error, topic, bytes: payload?.byteLength, origin, attempt })}\n`;
  const bytes = payload === undefined ? 'no payload' : `${payload.byteLength} B`;
  return `${visible([number, timestamp, error.code, topic ?? '-', bytes, origin].join('  '))}\n`;
}

/** All of a letter. @param record its line in a file, with its number; of a message nothing but that */
export function letterText(letter: StoredLetter, record: Readonly<Record<string, unknown>>, json: boolean): string {
  const { error, payload, topic, origin, attempt, properties } = letter;
  const timestamp = new Date(letter.timestampMs).toISOString();
  if (json) {
    const { correlationData, ...others } = properties;
    const sent = correlationData && { correlationData: Buffer.from(correlationData).toString('base64') };
    const told = { timestamp, origin, topic, attempt, error, payload: payload?.toString('base64') };
    return `${visibleJson({ ...told, properties: { ...others, ...sent }, ...record })}\n`;
  }
  const content = payload === undefined ? undefined : shownBytes(payload);
  const facts: readonly (readonly [string, unknown])[] = [
    ['letter', record.number],
    ['time', timestamp],
    ['from', origin],
    ['topic', topic],
    ['attempt', attempt],
    ['error', `${error.code}: ${error.message}`],
    ['advice', Object(record.error).advice],
    ['properties', Object.keys(properties).length === 0 ? undefined : JSON.stringify(properties)],
    ['item', record.item],
    ['fields', record.fields],
    ['packet', record.packet],
    ['payload', content === undefined ? undefined : 'text' in content ? content.text : `base64 ${content.base64}`],
  ];
  const told = facts.filter(([, value]) => value !== undefined);
  return `${told.map(([name, value]) => `${name.padEnd(11)}${visible(String(value))}\n`).join('')}\n`;
}
