import { decodeItem, encodeItem } from '../../connector/outbox/item-codec.js';
import { MillraceError } from '../../errors/index.js';
import { ITEM } from './edge/row-kind.js';

/** An item as a row of an exchange: its kind, then its bytes. @throws MillraceError STATE_NOT_STORABLE */
export const encodeRow = (item: unknown): Uint8Array => {
  const body = encodeItem(item);
  const bytes = new Uint8Array(body.byteLength + 1);
  bytes[0] = ITEM;
  bytes.set(body, 1);
  return bytes;
};

/** @throws MillraceError STORE_VERSION for what a newer version has made, STORE_CORRUPT */
export const decodeRow = (bytes: Uint8Array): unknown => {
  if (bytes[0] !== ITEM) throw newerRow(bytes[0]);
  return decodeItem(bytes.subarray(1));
};

const newerRow = (kind: number | undefined): MillraceError =>
  new MillraceError('STORE_VERSION', `another partition sends rows of kind ${kind}, which this version does not know`, {
    advice: 'Upgrade Millrace on this node.',
  });
