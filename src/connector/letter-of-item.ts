import { inspect } from 'node:util';
import { MillraceError } from '../errors/millrace-error.js';
import { checkStorable } from '../internal/check-storable.js';
import { invalidOptions } from '../internal/options/invalid-options.js';
import { notOptions } from '../internal/options/not-options.js';
import { count, someText } from '../internal/options/option-checks.js';
import type { DeadLetter } from './dead-letter.js';
import { isPlain, itemPayload } from './item-payload.js';

/** An item that a function would not have, and what is known of that. */
export interface FailedItem {
  /** As the function was given it. */
  readonly item: unknown;
  /** Why. */
  readonly error: MillraceError;
  /** How often it was tried, from 1. */
  readonly attempt: number;
  /** The name of the stage, source or sink. */
  readonly origin: string;
  /** Of the item, where the stage has keys. */
  readonly key?: unknown;
}

/** What a letter shows of an item that cannot be stored. */
const MAX_TEXT = 1024;

/**
 * The letter of an item, whatever it is. One with a payload of bytes gives that, its topic and properties as attributes, as other letters
 * of MQTT do, and what plain data has besides as `attributes.fields`. Of any other the payload is what it would have as a message, if
 * anything, and `attributes.item` is the item itself where that can be stored, else what `util.inspect` shows of it. `attributes.key` is
 * its key, where there is one.
 * @throws MillraceError INVALID_OPTIONS when `error`, `attempt` or `origin` is missing or none
 */
export const letterOfItem = (failed: FailedItem): DeadLetter => {
  checkFailedItem(failed);
  const { item, error, attempt, origin, key } = failed;
  return {
    payload: payloadOf(item),
    attributes: { ...attributesOf(item), ...(key === undefined ? {} : { key }) },
    error,
    attempt,
    timestampMs: Date.now(),
    origin,
  };
};

/** From JavaScript: a letter with half of it would be refused where it is written, far from here. */
const checkFailedItem = (given: unknown): void => {
  const problem = notOptions('letterOfItem', given);
  if (problem !== undefined) throw invalidOptions('letterOfItem', [problem]);
  const { error, attempt, origin } = Object(given);
  const problems = [
    ...(error instanceof MillraceError ? [] : ['error must be a MillraceError: MillraceError.from(thrown) makes one']),
    ...count(attempt, 'attempt'),
    ...someText(origin, 'origin'),
  ];
  if (problems.length > 0) throw invalidOptions('letterOfItem', problems);
};

/** By shape: an MQTT source gives such items, and what knows no MQTT passes them on. Rows of a database may have a payload, too. */
interface MessageLike {
  readonly payload: Uint8Array;
  readonly topic?: unknown;
  readonly properties?: unknown;
}

const isMessage = (item: unknown): item is MessageLike =>
  typeof item === 'object' && item !== null && 'payload' in item && item.payload instanceof Uint8Array;

const payloadOf = (item: unknown): Uint8Array | undefined => {
  if (isMessage(item)) return item.payload;
  try {
    return itemPayload(item);
  } catch {
    return undefined;
  }
};

const attributesOf = (item: unknown): Record<string, unknown> =>
  isMessage(item)
    ? { topic: storable(item.topic), properties: storable(item.properties), ...fieldsOf(item) }
    : { item: storable(item) };

/** Of a message that is an instance of a class, as a received one, the rest is of its delivery. */
const fieldsOf = (item: MessageLike): { readonly fields?: unknown } => {
  if (!isPlain(item)) return {};
  const { payload, topic, properties, ...fields } = item;
  return Object.keys(fields).length === 0 ? {} : { fields: storable(fields) };
};

const storable = (value: unknown): unknown => {
  try {
    checkStorable(value);
    return value;
  } catch {
    return inspect(value).slice(0, MAX_TEXT);
  }
};
