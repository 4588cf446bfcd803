import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deserialize, serialize } from 'node:v8';
import type { DeadLetter } from '../../../../src/connector/dead-letter.js';
import { SinkBuilder } from '../../../../src/connector/index.js';
import { decodeItem, encodeItem } from '../../../../src/connector/outbox/item-codec.js';
import { MillraceError } from '../../../../src/errors/millrace-error.js';
import { PermanentError } from '../../../../src/errors/permanent-error.js';
import { Sinks } from '../../../../src/pipeline/samples/sinks.js';
import { LIMIT } from '../../../support/limits.js';
import { DurableSinkDriver } from '../../../support/rigs/durable-sink-driver.js';
import { MemoryOutboxes } from '../../../support/store/memory-outboxes.js';

class Reading {
  readonly value = 1;
}

const letterOf = (error: MillraceError): DeadLetter => ({
  payload: Uint8Array.of(1, 2, 3),
  attributes: { topic: 'a/b', properties: { contentType: 'x', userProperties: [['k', 'v']] } },
  error,
  attempt: 2,
  timestampMs: 5,
  origin: 'sink',
});

describe('items in an outbox', () => {
  it('come back as they were', () => {
    const items = [
      'text',
      7,
      -0,
      10n,
      null,
      undefined,
      true,
      { a: [1, { b: new Date(3) }], bytes: Uint8Array.of(1, 2), map: new Map([[1, new Set(['x'])]]) },
      Buffer.from('bytes'),
    ];
    for (const item of items) assert.deepEqual(decodeItem(encodeItem(item)), item);
  });

  it('are refused with their path when they would come back as something else', () => {
    for (const [item, path] of [
      [new Reading(), /Reading/],
      [{ a: { b: () => {} } }, /a\.b/],
      [[new Reading()], /\[0\]/],
    ] as const) {
      assert.throws(() => encodeItem(item), { code: 'STATE_NOT_STORABLE', message: path });
    }
  });

  it('a dead letter keeps its error: code, words, advice, details, reason and what caused it', () => {
    const cause = new MillraceError('CONNECTION_LOST', 'cut', { cause: new TypeError('deep') });
    const error = new MillraceError('PUBLISH_REFUSED', 'no', {
      cause,
      advice: 'ask',
      details: { topic: 'a/b', fn: new Reading() },
      reasonCode: 0x87,
      retryable: true,
    });
    const letter = decodeItem(encodeItem(letterOf(error))) as DeadLetter;
    assert.deepEqual({ ...letter, error: undefined }, { ...letterOf(error), error: undefined });
    assert.ok(letter.error instanceof MillraceError);
    assert.deepEqual(
      [letter.error.code, letter.error.message, letter.error.advice, letter.error.reasonCode, letter.error.retryable],
      ['PUBLISH_REFUSED', 'no', 'ask', 0x87, true],
    );
    assert.deepEqual(letter.error.details, { topic: 'a/b', fn: '[object Object]' });
    assert.equal(letter.error.stack, error.stack);
    assert.ok(letter.error.cause instanceof MillraceError);
    assert.equal(letter.error.cause.code, 'CONNECTION_LOST');
    assert.ok(letter.error.cause.cause instanceof Error);
    assert.equal(letter.error.cause.cause.message, 'deep');
  });

  it('a dead letter is stored with its attributes beside the rest, as versions before 0.2 have stored it', () => {
    const { attributes, ...rest } = letterOf(new MillraceError('INTERNAL', 'x'));
    const stored: unknown = deserialize(encodeItem({ ...rest, attributes }).subarray(2));
    assert.deepEqual({ ...Object(stored), error: undefined }, { ...attributes, ...rest, error: undefined });
  });

  it('items are read that an earlier version has stored by structured clone alone, small ones too', () => {
    const item = { key: 'a', at: new Date(3), n: 1n };
    assert.equal(encodeItem(item)[0], 2, 'structured clone was asked');
    assert.deepEqual(decodeItem(new Uint8Array([1, 0, ...serialize(item)])), item);
  });

  it('a cause that causes itself comes to an end', () => {
    const error = new MillraceError('INTERNAL', 'x');
    Object.assign(error, { cause: error });
    assert.equal((decodeItem(encodeItem(letterOf(error))) as DeadLetter).error.code, 'INTERNAL');
  });

  it('bytes that this version has not written are STORE_CORRUPT', () => {
    const good = encodeItem({ a: 1 });
    for (const bytes of [
      new Uint8Array(),
      Uint8Array.of(3, 0),
      Uint8Array.of(1, 9),
      Uint8Array.of(2, 99),
      new Uint8Array([...good, 0]),
      good.subarray(0, 4),
      Uint8Array.of(1, 1, 255),
    ]) {
      assert.throws(() => decodeItem(bytes), { code: 'STORE_CORRUPT' });
    }
  });
});

describe('a sink behind an outbox', () => {
  it('gets its items after their commit, in order', LIMIT, async () => {
    const got: number[] = [];
    const driver = await DurableSinkDriver.open({ sink: Sinks.list(got), store: new MemoryOutboxes() });
    driver.add(1, 2, 3);
    driver.flush();
    driver.seal();
    driver.flush();
    assert.deepEqual(got, []);
    driver.commit();
    assert.deepEqual(got, [1, 2, 3]);
    await driver.drain();
    await driver.close();
  });

  it('gets again after a crash what was not known to be delivered, and nothing else', LIMIT, async () => {
    const got: number[] = [];
    const store = new MemoryOutboxes();
    const first = await DurableSinkDriver.open({ sink: Sinks.list(got), store });
    first.add(1, 2);
    await first.drain();
    first.add(3, 4);
    first.seal();
    first.commit();
    await first.close();
    const second = await DurableSinkDriver.open({ sink: Sinks.list(got), store: store.reopen() });
    await second.drain();
    assert.deepEqual(got, [1, 2, 3, 4, 3, 4]);
    await second.close();
  });

  it('gives receiveFn the seq of each item, the same one when an item comes again', LIMIT, async () => {
    const got: [string, number | undefined][] = [];
    let failAt = 'c';
    const sink = SinkBuilder.sinkBuilder('rows', () => got)
      .receiveFn<string>((list, item, seq) => {
        if (item === failAt) throw new PermanentError('the destination is gone');
        list.push([item, seq]);
      })
      .build();
    const store = new MemoryOutboxes();
    const first = await DurableSinkDriver.open({ sink, store });
    first.add('a', 'b', 'c', 'd');
    await assert.rejects(first.drain(), { code: 'USER_FUNCTION_FAILED' });
    await first.close();
    failAt = '';
    const second = await DurableSinkDriver.open({ sink, store: store.reopen() });
    second.add('e');
    await second.drain();
    await second.close();
    const bySeq = new Map(got.map(([item, seq]) => [seq, item]));
    assert.deepEqual(
      [...bySeq],
      [
        [0, 'a'],
        [1, 'b'],
        [2, 'c'],
        [3, 'd'],
        [4, 'e'],
      ],
    );
    for (const [item, seq] of got) assert.equal(bySeq.get(seq), item);
  });

  it('has no seq in a job without a store', LIMIT, async () => {
    const seqs: unknown[] = [];
    const sink = SinkBuilder.sinkBuilder('rows', () => seqs)
      .receiveFn<string>((list, _item, seq) => {
        list.push(seq);
      })
      .build();
    const writer = (await sink.open()).getWriter();
    await writer.write('a');
    await writer.close();
    assert.deepEqual(seqs, [undefined]);
  });

  it('an item that cannot be stored fails the job, with the name of the sink', LIMIT, async () => {
    const driver = await DurableSinkDriver.open({ sink: Sinks.list<unknown>([]), store: new MemoryOutboxes() });
    assert.throws(() => driver.add(new Reading()), { code: 'STATE_NOT_STORABLE', message: /sink "list".*Reading/ });
    await driver.close();
  });

  it('an item that cannot be stored is a letter where the sink says so', LIMIT, async () => {
    const sink = { ...Sinks.list<unknown>([]), onError: 'skip' } as const;
    const driver = await DurableSinkDriver.open({ sink, store: new MemoryOutboxes() });
    driver.add('fine', new Reading());
    assert.deepEqual(
      driver.letters.map(({ error, origin }) => [error.code, origin]),
      [['STATE_NOT_STORABLE', 'list']],
    );
    await driver.drain();
    await driver.close();
  });
});
