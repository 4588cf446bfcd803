import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MillraceError } from '../../../src/errors/millrace-error.js';
import {
  type AggregateOperation,
  AggregateOperations,
  type StateCodec,
  StateCodecs,
} from '../../../src/pipeline/index.js';
import { Accumulators } from '../../../src/pipeline/windows/accumulators.js';
import { createWindowLogic } from '../../../src/pipeline/windows/create-window-logic.js';
import { windowCodec } from '../../../src/pipeline/windows/window-codec.js';
import { WindowDefinition } from '../../../src/pipeline/windows/window-definition.js';
import { emptyState } from '../../../src/pipeline/windows/window-state.js';
import { WindowsRig } from '../../support/windows-rig.js';

type Operation = AggregateOperation<never, unknown, unknown>;
const { counting, toList } = AggregateOperations;
const YEAR = 365 * 24 * 3_600_000;

/** Counts what is asked of it. */
const counted = () => {
  const calls = { combine: 0, deduct: 0, decode: 0 };
  const operation = AggregateOperations.withCreate(() => 0)
    .andAccumulate((sum, item: number) => sum + item)
    .andCombine((sum, later) => {
      calls.combine += 1;
      return sum + later;
    })
    .andDeduct((sum, part) => {
      calls.deduct += 1;
      return sum - part;
    })
    .andExport((sum) => sum);
  return { operation, calls };
};

const endsAndValues = (rig: WindowsRig) => rig.results.map(({ start, end, value }) => [start, end, value]);

describe('window definitions', () => {
  const problemOf = (make: () => unknown): MillraceError => {
    try {
      make();
    } catch (error) {
      assert.ok(error instanceof MillraceError);
      assert.equal(error.code, 'INVALID_OPTIONS');
      return error;
    }
    throw new assert.AssertionError({ message: 'it was taken' });
  };

  it('a slide that does not divide the size is refused, with sizes that it divides', () => {
    const error = problemOf(() => WindowDefinition.sliding(25, 10));
    assert.match(error.message, /25 is none of 10/);
    assert.match(error.advice ?? '', /Take 20 or 30 as sizeMs, or a slideMs that divides 25/);
    assert.match(problemOf(() => WindowDefinition.sliding(10, 25)).advice ?? '', /Take 25 as sizeMs/);
  });

  it('lengths that are no whole number above 0 are refused, by their names', () => {
    for (const length of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '60000', undefined]) {
      const given = length as number;
      assert.match(problemOf(() => WindowDefinition.tumbling(given)).message, /tumbling: sizeMs must be/);
      assert.match(problemOf(() => WindowDefinition.sliding(10, given)).message, /slideMs must be/);
      assert.match(problemOf(() => WindowDefinition.session(given)).message, /timeoutMs must be/);
      const windows = WindowDefinition.tumbling(10);
      assert.match(problemOf(() => windows.setEarlyResultsPeriod(given)).message, /periodMs must be/);
    }
  });

  it('a period of early results is that of a copy', () => {
    const windows = WindowDefinition.tumbling(10);
    assert.equal(windows.setEarlyResultsPeriod(2).earlyResultsPeriod, 2);
    assert.equal(windows.earlyResultsPeriod, undefined);
  });
});

describe('windows', () => {
  it('before 1970 and across it windows begin at multiples of their size, with their start and without their end', () => {
    const rig = new WindowsRig(WindowDefinition.tumbling(10), toList<number>() as Operation);
    for (const timestamp of [-20, -10.5, -10, -1e-20, -0, 0, 9.99, 10]) rig.take('k', timestamp, timestamp);
    rig.advanceTo(1_000);
    assert.deepEqual(endsAndValues(rig), [
      [-20, -10, [-20, -10.5]],
      [-10, 0, [-10, -1e-20]],
      [0, 10, [-0, 0, 9.99]],
      [10, 20, [10]],
    ]);
    assert.ok(rig.results.every(({ start, end }) => !Object.is(start, -0) && !Object.is(end, -0)));
  });

  it('the largest times have windows of their own', () => {
    const rig = new WindowsRig(WindowDefinition.tumbling(3), counting() as Operation);
    for (const timestamp of [8.64e15 - 2, 8.64e15 - 1, 8.64e15]) rig.take('k', timestamp, 0);
    rig.restart('k');
    rig.advanceTo(Number.POSITIVE_INFINITY);
    assert.deepEqual(endsAndValues(rig), [
      [8.64e15 - 3, 8.64e15, 2],
      [8.64e15, 8.64e15 + 3, 1],
    ]);
  });

  it('a year without an item costs two windows, not one for each second', () => {
    const { operation, calls } = counted();
    const rig = new WindowsRig(WindowDefinition.sliding(10_000, 1_000), operation as Operation);
    rig.take('k', 500, 1);
    rig.advanceTo(YEAR);
    rig.take('k', YEAR, 1);
    rig.advanceTo(3 * YEAR);
    assert.equal(rig.results.length, 20);
    assert.ok(rig.timersSet <= 20, `${rig.timersSet} timers`);
    assert.ok(calls.combine <= 2, `${calls.combine} combined`);
    assert.equal(calls.deduct, 0);
  });

  it('with deduct a window costs one combine and one deduct, however many slides it has', () => {
    for (const slides of [10, 1_000]) {
      const { operation, calls } = counted();
      const rig = new WindowsRig(WindowDefinition.sliding(slides, 1), operation as Operation);
      for (let time = 0; time < 3_000; time += 1) {
        rig.take('k', time, 1);
        rig.advanceTo(time);
      }
      assert.ok(calls.combine <= 3_000, `${calls.combine} for ${slides} slides`);
      assert.ok(calls.deduct <= 3_000);
      assert.equal(rig.results.at(-1)?.value, slides);
    }
  });

  it('without deduct a window combines its panes', () => {
    const { operation, calls } = counted();
    const { deduct: _, ...combining } = operation;
    const rig = new WindowsRig(WindowDefinition.sliding(10, 1), combining as Operation);
    for (let time = 0; time < 100; time += 1) rig.take('k', time, 1);
    rig.advanceTo(100);
    assert.equal(rig.results.at(-1)?.value, 10);
    assert.ok(calls.combine > 900);
  });

  it('an item of a window that has ended is late, and one of a window that has not is in it', () => {
    const rig = new WindowsRig(WindowDefinition.sliding(20, 10), toList<number>() as Operation);
    rig.take('k', 5, 5);
    rig.advanceTo(10);
    assert.equal(rig.take('k', 6, 6), true, 'its second window is open');
    assert.equal(rig.take('k', -1, -1), false);
    rig.advanceTo(100);
    assert.deepEqual(endsAndValues(rig), [
      [-10, 10, [5]],
      [0, 20, [5, 6]],
    ]);
  });

  it('a session that grows does not set its timer at each item', () => {
    const rig = new WindowsRig(WindowDefinition.session(100), counting() as Operation);
    for (let time = 0; time < 1_000; time += 1) {
      rig.take('k', time, 0);
      rig.advanceTo(time);
    }
    assert.ok(rig.timersSet <= 15, `${rig.timersSet} timers`);
    rig.advanceTo(5_000);
    assert.deepEqual(endsAndValues(rig), [[0, 1_099, 1_000]]);
  });

  it('items a timeout apart are of two sessions, and one between them makes these one', () => {
    const rig = new WindowsRig(WindowDefinition.session(10), toList<number>() as Operation);
    for (const timestamp of [0, 10, 30.5, 15]) rig.take('k', timestamp, timestamp);
    rig.take('k', 5, 5);
    rig.advanceTo(1_000);
    assert.deepEqual(endsAndValues(rig), [
      [0, 25, [0, 10, 15, 5]],
      [30.5, 40.5, [30.5]],
    ]);
  });

  it('a session between two milliseconds ends with the next one, by a timer at that', () => {
    const rig = new WindowsRig(WindowDefinition.session(10), counting() as Operation);
    rig.take('k', 0.5, 0);
    rig.advanceTo(10);
    assert.deepEqual(endsAndValues(rig), []);
    rig.advanceTo(11);
    assert.deepEqual(endsAndValues(rig), [[0.5, 10.5, 1]]);
  });

  it('a window that was given up is not told, and those behind it are', () => {
    for (const windows of [WindowDefinition.sliding(20, 10), WindowDefinition.session(4)]) {
      const { operation } = counted();
      const rig = new WindowsRig(windows, operation as Operation);
      for (const timestamp of [1, 11, 21]) rig.take('k', timestamp, timestamp);
      const others = new WindowsRig(windows, operation as Operation);
      for (const timestamp of [1, 11, 21]) others.take('k', timestamp, timestamp);
      others.advanceTo(100);
      rig.advanceTo(100, 1);
      rig.giveUp();
      rig.advanceTo(100);
      assert.deepEqual(
        endsAndValues(rig),
        endsAndValues(others).filter((_, index) => index !== 1),
      );
      assert.deepEqual(rig.keys, []);
    }
  });

  it('early results that were given up do not end those that come', () => {
    const rig = new WindowsRig(WindowDefinition.tumbling(100).setEarlyResultsPeriod(10), counting() as Operation);
    rig.take('k', 1, 0);
    rig.passTo(10, 0);
    rig.giveUp('processing');
    rig.take('k', 11, 0);
    rig.passTo(20);
    assert.deepEqual(
      rig.results.map(({ end, value, isEarly }) => [end, value, isEarly]),
      [[100, 2, true]],
    );
  });

  it('early results come by the clock of the machine, at multiples of the period, while event time stands still', () => {
    for (const windows of [WindowDefinition.tumbling(100), WindowDefinition.session(100)]) {
      const rig = new WindowsRig(windows.setEarlyResultsPeriod(1_000), counting() as Operation);
      rig.passTo(1_700);
      rig.take('a', 1, 0);
      rig.advanceTo(50);
      rig.take('b', 60, 0);
      assert.deepEqual(rig.results, []);
      rig.passTo(1_999);
      assert.deepEqual(rig.results, []);
      rig.passTo(2_000);
      assert.deepEqual(
        rig.results.map(({ key, value, isEarly }) => [key, value, isEarly]),
        [
          ['a', 1, true],
          ['b', 1, true],
        ],
      );
      rig.passTo(9_000);
      assert.equal(rig.results.length, 2, 'nothing is new');
    }
  });

  it('a window that has ended leaves no timer for early results', () => {
    for (const windows of [WindowDefinition.sliding(20, 10), WindowDefinition.session(100)]) {
      const rig = new WindowsRig(windows.setEarlyResultsPeriod(1_000), counting() as Operation);
      rig.take('k', 1, 0);
      assert.equal(rig.pending, 2);
      rig.advanceTo(1_000);
      assert.equal(rig.pending, 0);
      rig.take('k', 2_000, 0);
      rig.advanceTo(3_000, 0);
      rig.giveUp();
      if (windows.shape.kind === 'sliding') rig.giveUp();
      assert.equal(rig.pending, 0);
    }
  });

  it('one key may not have more panes than it may, and the state is as it was', () => {
    const rig = new WindowsRig(WindowDefinition.tumbling(1), counting() as Operation);
    for (let time = 0; time < 100_000; time += 1) rig.take('k', time, 0);
    assert.throws(() => rig.take('k', 100_000, 0), { code: 'USER_FUNCTION_FAILED', message: /100000 times/ });
    assert.equal(rig.take('k', 99_999, 0), true);
  });

  it('an aggregate that gives its accumulator away is refused', () => {
    const leaking = AggregateOperations.withCreate((): number[] => [])
      .andAccumulate((all, item: number) => [...all, item])
      .andExport((all) => all);
    const rig = new WindowsRig(WindowDefinition.tumbling(10), leaking as Operation);
    rig.take('k', 1, 1);
    assert.throws(() => rig.advanceTo(10), /export returned the accumulator itself/);
  });
});

describe('the stored state of windows', () => {
  it('only accumulators that have changed are written, and only those that are needed are read', () => {
    const inner = StateCodecs.structuredClone<unknown>();
    const calls = { encode: 0, decode: 0 };
    const codec: StateCodec<unknown> = {
      version: 0,
      encode: (value) => {
        calls.encode += 1;
        return inner.encode(value);
      },
      decode: (bytes) => {
        calls.decode += 1;
        return inner.decode(bytes);
      },
    };
    const rig = new WindowsRig(WindowDefinition.sliding(60, 1), counting() as Operation, codec);
    for (let time = 0; time < 60; time += 1) rig.take('k', time, 0);
    rig.restart('k');
    assert.equal(calls.encode, 60);
    rig.take('k', 59, 0);
    rig.restart('k');
    assert.equal(calls.encode, 61);
    assert.equal(calls.decode, 1);
  });

  const stored = (windows: WindowDefinition, version = 0) => {
    const codec = windowCodec(windows.shape, StateCodecs.structuredClone({ version }));
    const state = emptyState();
    const accumulators = new Accumulators(counting() as Operation, StateCodecs.structuredClone());
    const timers = { now: 0, set: () => {}, clear: () => {} };
    createWindowLogic(windows, accumulators).accept(state, 5, 0, timers);
    return codec.encode(state);
  };
  const readBy = (windows: WindowDefinition, bytes: Uint8Array) =>
    windowCodec(windows.shape, StateCodecs.structuredClone<unknown>()).decode(bytes);

  it('is the same, whether what has not changed is copied or written anew', () => {
    for (const windows of [
      WindowDefinition.sliding(60, 1),
      WindowDefinition.tumbling(10),
      WindowDefinition.session(3),
    ]) {
      const definition = windows.setEarlyResultsPeriod(5);
      const accumulators = new Accumulators(counting() as Operation, StateCodecs.structuredClone());
      const logic = createWindowLogic(definition, accumulators);
      const codec = windowCodec(definition.shape, StateCodecs.structuredClone<unknown>());
      const [copied, anew] = [emptyState(), emptyState()];
      for (let step = 0; step < 300; step += 1) {
        const time = step + ((step * 17) % 40);
        const timers = { now: step, set: () => {}, clear: () => {} };
        for (const state of [copied, anew]) {
          logic.accept(state, time, 0, timers);
          if (step % 5 === 0) logic.onTimer(state, { name: 'early', at: step }, timers);
          if (step % 7 === 0 && state.panes.length > 0) logic.onTimer(state, { name: 'end', at: step }, timers);
        }
        for (const kept of [...anew.panes, ...(anew.running ? [anew.running] : [])]) {
          accumulators.of(kept);
          kept.storedStart = 0;
        }
        anew.storedTo = Number.NEGATIVE_INFINITY;
        if (copied.panes.length > 0) assert.deepEqual(codec.encode(copied), codec.encode(anew), `step ${step}`);
      }
    }
  });

  it('that an earlier version has written is read and gone on with, and is written as now', () => {
    const formers: readonly (readonly [WindowDefinition, string])[] = [
      [
        WindowDefinition.sliding(30, 10),
        '100a030650500106010401000000' +
          '04017828060104010000000178500601040100000001a001500601040200000001c8017806010401000000',
      ],
      [WindowDefinition.tumbling(10), '100a01005002035006010402000000037806010401000000'],
      [WindowDefinition.session(7), '100000300301301406010401000000015430060104020000000180016406010401000000'],
    ];
    for (const [windows, former] of formers) {
      const accumulators = new Accumulators(counting() as Operation, StateCodecs.structuredClone());
      const logic = createWindowLogic(windows, accumulators);
      const codec = windowCodec(windows.shape, StateCodecs.structuredClone<unknown>());
      const timers = (now: number) => ({ now, set: () => {}, clear: () => {} });
      const made = emptyState();
      for (const at of [3, 12, 14, 25]) logic.accept(made, at, 0, timers(0));
      logic.onTimer(made, { name: 'end', at: 10 }, timers(10));
      logic.accept(made, 5, 0, timers(10));
      const bytes = codec.encode(made);
      const read = readBy(windows, Buffer.from(former, 'hex'));
      assert.deepEqual(codec.encode(read), bytes);
      const again = readBy(windows, codec.encode(read));
      for (const state of [made, read, again]) logic.accept(state, 26, 0, timers(10));
      const results = [made, read, again].map((state) => logic.onTimer(state, { name: 'end', at: 100 }, timers(100)));
      assert.ok((results[0]?.length ?? 0) >= 2);
      assert.deepEqual(results[1], results[0]);
      assert.deepEqual(results[2], results[0]);
    }
  });

  it('of other windows is never read as that of these; a session may get another timeout', () => {
    const minutes = WindowDefinition.sliding(60, 10);
    for (const others of [
      WindowDefinition.sliding(60, 20),
      WindowDefinition.tumbling(10),
      WindowDefinition.session(60),
    ]) {
      assert.throws(() => readBy(others, stored(minutes)), {
        code: 'STORE_CORRUPT',
        message: /windows of 60 ms that slide by 10 ms/,
      });
    }
    assert.throws(() => readBy(minutes, stored(WindowDefinition.session(60))), {
      code: 'STORE_CORRUPT',
      message: /sessions/,
    });
    assert.equal(readBy(WindowDefinition.session(5), stored(WindowDefinition.session(60))).panes.length, 1);
    assert.equal(readBy(minutes.setEarlyResultsPeriod(5), stored(minutes)).panes.length, 1);
  });

  it('of another version of the codec is upgraded, accumulator by accumulator', () => {
    const windows = WindowDefinition.tumbling(10);
    const bytes = stored(windows, 1);
    const upgrade = (old: unknown, version: number): unknown => [old, version];
    const codec = windowCodec(windows.shape, StateCodecs.structuredClone<unknown>({ version: 2, upgrade }));
    assert.equal(codec.version, 2);
    const upgraded = codec.upgrade?.(bytes, 1);
    assert.deepEqual(upgraded?.panes[0]?.value, [1, 1]);
    assert.ok(upgraded);
    assert.equal(codec.decode(codec.encode(upgraded)).panes.length, 1);
    assert.equal(windowCodec(windows.shape, StateCodecs.structuredClone()).upgrade, undefined);
  });

  it('bytes that are damaged are STORE_CORRUPT at every length', () => {
    const windows = WindowDefinition.sliding(60, 10);
    const bytes = stored(windows);
    for (let length = 0; length < bytes.byteLength; length += 1)
      assert.throws(() => readBy(windows, bytes.subarray(0, length)), { code: 'STORE_CORRUPT' });
    assert.throws(() => readBy(windows, Uint8Array.of(...bytes, 0)), { code: 'STORE_CORRUPT' });
    assert.throws(
      () =>
        readBy(
          windows,
          bytes.map((byte, at) => (at === 0 ? 7 : byte)),
        ),
      { code: 'STORE_CORRUPT' },
    );
  });
});
