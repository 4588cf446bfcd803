import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { letterOfItem } from '../../../src/connector/letter-of-item.js';
import { decodeItem, encodeItem } from '../../../src/connector/outbox/item-codec.js';
import { MillraceError } from '../../../src/errors/millrace-error.js';

const error = new MillraceError('USER_FUNCTION_FAILED', 'no');
const letterOf = (item: unknown, key?: unknown) =>
  letterOfItem({ item, error, attempt: 2, origin: 'stage', ...(key === undefined ? {} : { key }) });

describe('letterOfItem', () => {
  it('has the item itself, its payload and its key', () => {
    const letter = letterOf({ t: 21 }, 'kitchen');
    assert.equal(Buffer.from(letter.payload ?? []).toString(), '{"t":21}');
    assert.deepEqual(letter.attributes, { item: { t: 21 }, key: 'kitchen' });
    assert.equal(letter.origin, 'stage');
    assert.equal(letter.attempt, 2);
  });

  it('refuses what is no failed item: as JavaScript may call it', () => {
    const called = (...given: unknown[]): unknown => Reflect.apply(letterOfItem, undefined, given);
    const invalid = (message: RegExp) => ({ code: 'INVALID_OPTIONS', message });
    assert.throws(() => called(), invalid(/the options of letterOfItem must be an object/));
    assert.throws(
      () => called({ item: 1, error: new Error('no') }),
      invalid(/error must be a MillraceError.*attempt.*origin/),
    );
  });

  it('has payload, topic and properties of a message', () => {
    const properties = { contentType: 'text/plain' };
    const letter = letterOf({ payload: Uint8Array.of(7), topic: 'a/b', properties });
    assert.deepEqual(letter.payload, Uint8Array.of(7));
    assert.deepEqual(letter.attributes, { topic: 'a/b', properties });
  });

  it('keeps what an item has besides its payload: no field of a row is lost with it', () => {
    const { payload, attributes } = letterOf({ device: 'boiler', payload: Uint8Array.of(7), at: new Date(5) }, 'k');
    assert.deepEqual(payload, Uint8Array.of(7));
    const fields = { device: 'boiler', at: new Date(5) };
    assert.deepEqual(attributes, { topic: undefined, properties: undefined, fields, key: 'k' });
    const shown = letterOf({ payload: Uint8Array.of(7), topic: 'a', reply: () => 1 });
    assert.match(String(shown.attributes.fields), /reply: \[Function/);
  });

  it('can always be stored: of what cannot be it shows a text', () => {
    for (const item of [() => 1, Symbol('s'), new WeakMap(), Promise.resolve(), new (class Reading {})()]) {
      const letter = letterOf(item);
      assert.equal(letter.payload, undefined);
      const { item: shown } = letter.attributes;
      assert.equal(typeof shown, 'string');
      assert.deepEqual(decodeItem(encodeItem(letter)), letter);
    }
  });
});
