import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { endOf } from '../../../../src/cluster/exchange/edge/row-kind.js';
import { ExchangeReader } from '../../../../src/cluster/exchange/exchange-reader.js';
import { ExchangeWriter } from '../../../../src/cluster/exchange/exchange-writer.js';
import { Generation } from '../../../../src/cluster/exchange/generation.js';
import { MemoryEdges } from '../../../../src/cluster/memory/memory-edges.js';
import type { RestoredOutbox } from '../../../../src/connector/durable-sink.js';
import { MetricsRegistry } from '../../../../src/metrics/index.js';

const NAME = 'exchange by key';
const PARTITION = { index: 0, count: 2 };
const NOTHING: RestoredOutbox = { state: undefined, low: 0, end: 0, rows: () => [] };

const inGeneration = (now: number): Generation => {
  const generation = new Generation();
  generation.set(now);
  return generation;
};

const openWriter = (generation: Generation, states: readonly unknown[] = []): Promise<ExchangeWriter> =>
  ExchangeWriter.open({
    name: NAME,
    job: 'job',
    metrics: new MetricsRegistry(),
    grouping: 'by key',
    onError: 'fail',
    edges: new MemoryEdges(),
    generation,
    partition: PARTITION,
    restore: (outbox) => ({ ...NOTHING, state: states[Number(outbox)] }),
  });

/** For which partitions an end is put, and of which generation. */
const ends = (writer: ExchangeWriter) => writer.end().map(({ outbox, bytes }) => [outbox, endOf(bytes)]);

const openReader = (generation: Generation, ended: readonly number[]): Promise<ExchangeReader> =>
  ExchangeReader.open({
    name: NAME,
    job: 'job',
    metrics: new MetricsRegistry(),
    edges: new MemoryEdges(),
    generation,
    partition: PARTITION,
    timed: false,
    restored: { senders: ended.map((one) => ({ outbox: 5, next: 1, ended: one })) },
  });

describe('the sink of an exchange whose sources have ended', () => {
  it('puts one end into each outbox, and the states of these say so in the commit of it', async () => {
    const writer = await openWriter(inGeneration(1));
    assert.deepEqual(ends(writer), [
      [0, 1],
      [1, 1],
    ]);
    assert.deepEqual(ends(writer), []);
    const states = writer.outboxes.map((outbox) => outbox.snapshot(1).state);
    const again = await openWriter(inGeneration(1), states);
    assert.deepEqual(ends(again), [], 'who takes over has put it');
    const begunAgain = await openWriter(inGeneration(2), states);
    assert.deepEqual(ends(begunAgain), [
      [0, 2],
      [1, 2],
    ]);
    for (const one of [writer, again, begunAgain]) await one.close();
  });

  it('wakes its job when that goes on as another generation, in which an end is wanted once more', async () => {
    const generation = inGeneration(1);
    const writer = await openWriter(generation);
    ends(writer);
    const woken = writer.ready();
    generation.set(2);
    await woken;
    assert.equal(ends(writer).length, 2);
    await writer.close();
  });
});

describe('the source of an exchange', () => {
  it('is at its end when all who send to it have ended in this generation of the job', async () => {
    const cases: readonly (readonly [number, readonly number[], boolean])[] = [
      [2, [2, 2], true],
      [2, [2, 0], false],
      [2, [2, 1], false],
      [3, [2, 2], false],
    ];
    for (const [now, ended, atEnd] of cases) {
      const reader = await openReader(inGeneration(now), ended);
      assert.equal(reader.atEnd, atEnd, `${ended} in ${now}`);
      await reader.close();
    }
  });

  it('wakes its job when it hears that it is in that generation', async () => {
    const generation = inGeneration(1);
    const reader = await openReader(generation, [2, 2]);
    const woken = reader.ready();
    assert.equal(reader.atEnd, false);
    generation.set(2);
    await woken;
    assert.equal(reader.atEnd, true);
    await reader.close();
  });
});
