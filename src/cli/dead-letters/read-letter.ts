import { isObject } from '../../internal/is-object.js';
import { type LetterRecord, readLetterRecord } from '../../internal/letters/letter-record.js';
import type { Properties } from '../../mqtt/protocol/properties.js';
import { letterProperties } from '../../mqtt/sink/dead-letters/letter-properties.js';

/** A dead letter as it stands in a file (`deadLetterRecord`). */
export interface StoredLetter extends LetterRecord {
  /** Those that can be sent again. */
  readonly properties: Properties;
}

/** Undefined for a line that is no letter. */
export const readLetter = (line: Buffer): StoredLetter | undefined => {
  const record = readLetterRecord(line);
  return record && { ...record, properties: letterProperties(propertiesOf(record.properties)) };
};

const propertiesOf = (given: unknown): Properties | undefined => {
  if (!isObject(given)) return undefined;
  const { correlationData, ...rest } = given;
  return typeof correlationData === 'string'
    ? { ...rest, correlationData: Buffer.from(correlationData, 'base64') }
    : rest;
};
