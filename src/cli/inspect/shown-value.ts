import { isUtf8 } from 'node:buffer';
import { inspect } from 'node:util';
import { decodeItem } from '../../connector/outbox/item-codec.js';
import { readOutboxState } from '../../mqtt/sink/outbox/sender/outbox-state.js';
import { RowCodec } from '../../mqtt/sink/outbox/sender/row-codec.js';
import { StateCodecs } from '../../pipeline/codec/state-codecs.js';

/** Bytes for people and machines: as text where they are some. */
export type ShownBytes = { readonly text: string } | { readonly base64: string };

/** What is shown of a message in an outbox. */
export interface ShownRow {
  readonly topic?: string;
  readonly qos?: number;
  readonly retain?: boolean;
  /** ISO 8601. */
  readonly expires?: string | undefined;
  readonly properties?: unknown;
  readonly payload?: ShownBytes;
  /** An item of another sink, as `util.inspect` shows it. */
  readonly item?: string;
  /** What no codec of ours has made. */
  readonly bytes?: ShownBytes;
}

const DEEP = { depth: 12, maxArrayLength: 1_000, maxStringLength: 10_000 };
const CODEC = StateCodecs.structuredClone();

/** As they are where they are text. */
export const shownBytes = (bytes: Uint8Array): ShownBytes =>
  isUtf8(bytes) ? { text: Buffer.from(bytes).toString() } : { base64: Buffer.from(bytes).toString('base64') };

/** What stored values look like that are no messages. */
export const shownValue = (value: unknown): string => inspect(value, DEEP);

/** A state: `value` where the codec that Millrace has by default can read it, which is no proof that it has made it. */
export const shownState = (body: Uint8Array): { readonly value?: string; readonly bytes: ShownBytes } => {
  const bytes = shownBytes(body);
  try {
    return { value: shownValue(CODEC.decode(body)), bytes };
  } catch {
    return { bytes };
  }
};

/** @param state of the outbox: says whether its rows are MQTT messages */
export const shownRow = (bytes: Uint8Array, state: unknown): ShownRow => {
  if (isMqttOutbox(state)) {
    const { payload, expiresAtMs, topic, qos, retain, properties } = new RowCodec().decode(bytes);
    const expires = expiresAtMs === undefined ? undefined : new Date(expiresAtMs).toISOString();
    return {
      topic,
      qos,
      retain,
      ...(expires && { expires }),
      ...(properties && { properties }),
      payload: shownBytes(payload),
    };
  }
  try {
    return { item: shownValue(decodeItem(bytes)) };
  } catch {
    return { bytes: shownBytes(bytes) };
  }
};

/** The payload of a message, or the bytes of another row. */
export const payloadOf = (bytes: Uint8Array, state: unknown): Uint8Array =>
  isMqttOutbox(state) ? new RowCodec().decode(bytes).payload : bytes;

const isMqttOutbox = (state: unknown): boolean => {
  try {
    return readOutboxState(state) !== undefined;
  } catch {
    return false;
  }
};
