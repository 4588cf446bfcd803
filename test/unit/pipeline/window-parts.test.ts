import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inPlaceOf } from '../../../src/pipeline/codec/in-place.js';
import { type AggregateOperation, AggregateOperations, StateCodecs } from '../../../src/pipeline/index.js';
import { Accumulators } from '../../../src/pipeline/windows/accumulators.js';
import { createWindowLogic } from '../../../src/pipeline/windows/create-window-logic.js';
import { windowCodec } from '../../../src/pipeline/windows/window-codec.js';
import { WindowDefinition } from '../../../src/pipeline/windows/window-definition.js';
import { emptyState, type WindowState } from '../../../src/pipeline/windows/window-state.js';

type Operation = AggregateOperation<never, unknown, unknown>;
const { averaging, counting } = AggregateOperations;
const CODEC = StateCodecs.structuredClone<unknown>();

/** The windows of one key, which are stored after each item, as a store has them. */
class Stored {
  readonly #logic;
  readonly #codec;
  readonly #parts = new Map<number, Uint8Array>();
  #state: WindowState = emptyState();
  #bytes = new Uint8Array();
  /** Of all that was written. */
  written = 0;
  now = Number.NEGATIVE_INFINITY;

  constructor(definition: WindowDefinition, operation: Operation, partBytes?: number) {
    this.#logic = createWindowLogic(definition, new Accumulators(operation, CODEC));
    this.#codec = windowCodec(definition.shape, CODEC, partBytes);
  }

  get parts(): ReadonlyMap<number, Uint8Array> {
    return this.#parts;
  }

  /** As one record. */
  get copy(): Uint8Array {
    return this.#codec.encode(this.#state);
  }

  take(at: number): void {
    this.#logic.accept(this.#state, at, at, this.#timers);
    this.store();
  }

  /** The window that ends first. */
  end(): readonly (readonly [end: number, value: unknown])[] {
    const results = this.#logic.onTimer(this.#state, { name: 'end', at: this.#state.armed }, this.#timers);
    this.store();
    return results.map(({ end, value }) => [end, value] as const);
  }

  /** All that are open, in order. */
  endAll(): readonly (readonly [end: number, value: unknown])[] {
    const all: (readonly [end: number, value: unknown])[] = [];
    while (this.#state.panes.length > 0) all.push(...this.end());
    return all;
  }

  store(): void {
    const { parts } = this.#codec;
    assert.ok(parts);
    this.#bytes = parts.encodeRest(this.#state) as Uint8Array<ArrayBuffer>;
    this.written += this.#bytes.byteLength;
    const { first, end } = parts.rangeOf(this.#state);
    for (const number of this.#parts.keys()) if (number < first || number >= end) this.#parts.delete(number);
    const made = parts.newPart(this.#state);
    if (made === undefined) return;
    this.#parts.set(end - 1, made);
    this.written += made.byteLength;
  }

  /** What is stored is gone on with. @param bytes those of a copy, which has no parts */
  restart(bytes?: Uint8Array, codec = this.#codec): void {
    this.#state = codec.decode(bytes ?? this.#bytes);
    const stored = bytes === undefined ? [...this.#parts].sort(([one], [other]) => one - other) : [];
    codec.parts?.join(
      this.#state,
      stored.map(([, part]) => codec.parts?.codec.decode(part)),
    );
  }

  dropPart(): void {
    const [number] = this.#parts.keys();
    this.#parts.delete(number ?? -1);
  }

  get #timers() {
    return { now: this.now, set: () => {}, clear: () => {} };
  }
}

describe('the parts of a key with windows that slide', () => {
  it('what is written for an item does not grow with the slides of a window', () => {
    const perItem = [60, 300, 1_500].map((slides) => {
      const windows = new Stored(WindowDefinition.sliding(slides, 1), averaging(Number) as Operation);
      const items = 2 * slides;
      for (let slide = 0; slide < items; slide += 1) {
        for (let item = 0; item < 2; item += 1) windows.take(slide + item / 2);
        windows.now = slide;
        if (slide > 0) windows.end();
      }
      return windows.written / (3 * items);
    });
    for (const bytes of perItem) assert.ok(bytes < 600, `${perItem.map(Math.round)} bytes`);
    assert.ok(Math.max(...perItem) < 1.2 * Math.min(...perItem), `${perItem.map(Math.round)} bytes`);
  });

  it('WP1: an item of a pane that stands in a part is counted once, and the part stays as it is', () => {
    const windows = new Stored(WindowDefinition.sliding(10, 1), counting() as Operation, 1);
    for (let at = 0; at < 10; at += 1) windows.take(at);
    const before = new Map(windows.parts);
    assert.equal(before.size, 8);
    windows.take(3);
    windows.restart();
    windows.take(3);
    windows.take(9);
    windows.restart();
    for (const [number, part] of before) assert.deepEqual(windows.parts.get(number), part);
    assert.deepEqual(
      windows.endAll().find(([end]) => end === 10),
      [10, 13],
    );
    assert.equal(windows.parts.size, 0);
  });

  it('WP2: what comes behind a window that was told is in the next one alone, though a part had its slide', () => {
    const windows = new Stored(WindowDefinition.sliding(4, 1), counting() as Operation, 1);
    for (const at of [0, 1, 2, 3, 20]) windows.take(at);
    // as a source tells it that has ended, which moves no time
    for (let ends = 0; ends < 6; ends += 1) windows.end();
    // two items of slides that are gone, in a later run
    for (const at of [1, 2, 21]) windows.take(at);
    windows.restart();
    for (const at of [22, 23]) windows.take(at);
    windows.restart();
    const [first, second] = windows.endAll();
    assert.deepEqual(
      [first, second],
      [
        [2, 1],
        [3, 2],
      ],
    );
  });

  it('WP3: parts have no more bytes that do not count than bytes that do, wherever the items are', () => {
    const windows = new Stored(WindowDefinition.sliding(100, 1), counting() as Operation, 50);
    for (let item = 0; item < 3_000; item += 1) {
      windows.take((item * 37) % 100);
      const bytes = [...windows.parts.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
      assert.ok(bytes < 2 * windows.copy.byteLength + 150, `${bytes} bytes at item ${item}`);
    }
    windows.restart();
    assert.deepEqual(windows.endAll()[99], [100, 3_000]);
  });

  it('a state that stands in one record, as that of an earlier version, gets parts when it changes next', () => {
    const definition = WindowDefinition.sliding(60, 1);
    const windows = new Stored(definition, averaging(Number) as Operation, Number.POSITIVE_INFINITY);
    for (let at = 0; at < 60; at += 1) windows.take(at);
    assert.equal(windows.parts.size, 0);
    const later = new Stored(definition, averaging(Number) as Operation);
    later.restart(windows.copy);
    later.take(59);
    assert.equal(later.parts.size, 1);
    later.restart();
    const results = later.endAll();
    assert.equal(results.length, 119);
    assert.deepEqual(results[0], [1, 0]);
  });

  it('a part of another version of the codec is upgraded', () => {
    const definition = WindowDefinition.sliding(10, 1);
    const windows = new Stored(definition, counting() as Operation, 1);
    for (let at = 0; at < 3; at += 1) windows.take(at);
    const upgrade = (count: unknown, version: number): unknown => [count, version];
    const { parts } = windowCodec(definition.shape, StateCodecs.structuredClone<unknown>({ version: 2, upgrade }), 1);
    const [part] = windows.parts.values();
    assert.ok(part && parts);
    const upgraded = parts.codec.upgrade?.(part, 0) as { readonly panes: WindowState['panes'] };
    assert.deepEqual(
      upgraded.panes.map(({ value }) => value),
      [
        [1, 0],
        [1, 0],
      ],
    );
  });

  it('one that is missing, damaged, or of other windows is STORE_CORRUPT', () => {
    const definition = WindowDefinition.sliding(10, 1);
    const windows = new Stored(definition, counting() as Operation, 1);
    for (let at = 0; at < 5; at += 1) windows.take(at);
    const [part] = windows.parts.values();
    assert.ok(part);
    const { parts } = windowCodec(definition.shape, CODEC);
    for (let length = 0; length < part.byteLength; length += 1)
      assert.throws(() => parts?.codec.decode(part.subarray(0, length)), { code: 'STORE_CORRUPT' });
    assert.throws(() => parts?.codec.decode(Uint8Array.of(...part, 0)), { code: 'STORE_CORRUPT' });
    const others = windowCodec(WindowDefinition.sliding(20, 1).shape, CODEC).parts;
    assert.throws(() => others?.codec.decode(part), { code: 'STORE_CORRUPT' });
    windows.dropPart();
    assert.throws(() => windows.restart(), { code: 'STORE_CORRUPT' });
  });
});

it('a state of one pane that has changed is written in place as it is in bytes of its own; one of more panes is not', () => {
  const shape = WindowDefinition.sliding(60, 10).shape;
  const logic = createWindowLogic(WindowDefinition.sliding(60, 10), new Accumulators(averaging(Number), CODEC));
  const timers = { now: 0, set: () => {}, clear: () => {} };
  for (const accumulators of [CODEC, { ...CODEC, encode: (value: unknown) => Uint8Array.from(CODEC.encode(value)) }]) {
    const codec = windowCodec(shape, accumulators);
    const state = emptyState();
    for (const [at, panes] of [
      [61, 1],
      [65.5, 1],
      [74, 2],
    ] as const) {
      logic.accept(state, at, at, timers);
      for (const encode of [codec.encode, codec.parts?.encodeRest]) {
        assert.ok(encode);
        const inPlace = inPlaceOf({ ...CODEC, encode: encode as (state: unknown) => Uint8Array });
        const length = inPlace?.write(state) ?? 0;
        const written = inPlace?.bytes.slice(0, length) ?? new Uint8Array();
        assert.deepEqual(written, panes === 1 ? encode(state) : new Uint8Array());
      }
    }
  }
});
