import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AggregateOperation, AggregateOperations } from '../../src/pipeline/index.js';
import { WindowDefinition } from '../../src/pipeline/windows/window-definition.js';
import { fc } from '../support/fast-check.js';
import { LIMIT } from '../support/limits.js';
import { type TestedResult, WindowsRig } from '../support/windows-rig.js';

type Operation = AggregateOperation<never, unknown, unknown>;
const itself = (value: number): number => value;
const { counting, summing, toList, max, allOf } = AggregateOperations;
const list = toList<number>();

/** A list that can be deducted from: only of what stands first in it, as frames go. */
const queue = AggregateOperations.withCreate((): number[] => [])
  .andAccumulate((all, item: number) => [...all, item])
  .andCombine((all, later) => [...all, ...later])
  .andDeduct((all, part) => {
    assert.deepEqual(all.slice(0, part.length), part);
    return all.slice(part.length);
  })
  .andExport((all) => [...all]);

type Step =
  | { readonly kind: 'item'; readonly key: string; readonly off: number }
  | { readonly kind: 'advance'; readonly by: number; readonly most: number | undefined }
  | { readonly kind: 'restart'; readonly key: string }
  | { readonly kind: 'pass'; readonly by: number };

const KEYS = ['a', 'b'];
const key = fc.constantFrom(...KEYS);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({ kind: fc.constant('item' as const), key, off: fc.integer({ min: -60, max: 60 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('advance' as const),
      by: fc.oneof(
        { weight: 9, arbitrary: fc.nat({ max: 30 }) },
        { weight: 1, arbitrary: fc.constant(31_536_000_000) },
      ),
      most: fc.constantFrom(undefined, undefined, 0, 1, 2),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('restart' as const), key }) },
);
const steps = fc.array(step, { maxLength: 80, size: 'max' });
/** The clock of the machine goes on, too. */
const pass = fc.record({ kind: fc.constant('pass' as const), by: fc.nat({ max: 30 }) });
const passing = fc.array(fc.oneof({ weight: 4, arbitrary: step }, { weight: 1, arbitrary: pass }), {
  maxLength: 80,
  size: 'max',
});
const start = fc.constantFrom(-1_000, -5, 0, 1_700_000_000_000);

/** An item, and the watermark that it met. */
interface Taken {
  readonly key: string;
  readonly timestamp: number;
  readonly item: number;
  readonly watermark: number;
  /** The time of the machine. */
  readonly machine: number;
}

interface Run {
  readonly rig: WindowsRig;
  readonly taken: readonly Taken[];
  readonly late: readonly Taken[];
}

/** Items have their numbers as values; `watch` is told after each step. */
const run = (
  rig: WindowsRig,
  { steps, start }: { readonly steps: readonly Step[]; readonly start: number },
  watch?: (taken: readonly Taken[], step: Step) => void,
): Run => {
  const taken: Taken[] = [];
  const late: Taken[] = [];
  let time = start;
  for (const [item, one] of steps.entries()) {
    if (one.kind === 'item') {
      const timestamp = time + one.off;
      const each = { key: one.key, timestamp, item, watermark: rig.now, machine: rig.machine };
      (rig.take(one.key, timestamp, item) ? taken : late).push(each);
    } else if (one.kind === 'restart') rig.restart(one.key);
    else if (one.kind === 'pass') rig.passTo(rig.machine + one.by);
    else {
      time += one.by;
      rig.advanceTo(time, one.most);
    }
    watch?.(taken, one);
  }
  rig.advanceTo(time + 1_000_000);
  assert.deepEqual(rig.keys, [], 'nothing is kept of windows that have ended');
  assert.equal(rig.pending, 0, 'nor a timer');
  return { rig, taken, late };
};

/** Every window that an item is in, by its time alone. */
const endsOf = (timestamp: number, size: number, slide: number): readonly number[] => {
  const frame = Math.floor(timestamp / slide) * slide;
  return Array.from({ length: size / slide }, (_, index) => frame + (index + 1) * slide);
};

interface Expected {
  readonly key: string;
  readonly start: number;
  readonly end: number;
  readonly items: readonly Taken[];
}

const inOrder = <R extends { readonly key: string; readonly end: number }>(results: readonly R[]): R[] =>
  [...results].sort((a, b) => a.end - b.end || (a.key < b.key ? -1 : 1));

/** Each window of the whole input, with the items that met a watermark before its end: by frames, then as they came. */
const slidingModel = (taken: readonly Taken[], size: number, slide: number): readonly Expected[] => {
  const windows = new Map<string, Expected & { readonly items: Taken[] }>();
  for (const one of taken) {
    for (const end of endsOf(one.timestamp, size, slide)) {
      if (end <= one.watermark) continue;
      const id = `${one.key} ${end}`;
      const window = windows.get(id) ?? { key: one.key, start: end - size, end, items: [] };
      windows.set(id, window);
      window.items.push(one);
    }
  }
  return inOrder([...windows.values()]);
};

const valuesOf = (results: readonly TestedResult[]) => results.map(({ key, end, value }) => ({ key, end, value }));
const sorted = (items: readonly number[]): number[] => [...items].sort((a, b) => a - b);

const shapes = fc.constantFrom([10, 10], [1, 1], [30, 10], [20, 1], [60, 5], [7, 7], [21, 7]) as fc.Arbitrary<
  [number, number]
>;

test(
  'sliding and tumbling windows are those of the whole input: any disorder, late items, steps of the watermark, restarts',
  LIMIT,
  () => {
    fc.assert(
      fc.property(steps, start, shapes, (steps, start, [size, slide]) => {
        const definition = WindowDefinition.sliding(size, slide);
        const operation = allOf({ count: counting(), sum: summing(itself), list, max: max(itself) });
        const { rig, taken, late } = run(new WindowsRig(definition, operation as Operation), { steps, start });
        const expected = slidingModel(taken, size, slide).map(({ key, start, end, items }) => {
          const values = items.map(({ item }) => item);
          const sum = values.reduce((all, one) => all + one, 0);
          const value = { count: values.length, sum, list: sorted(values), max: Math.max(...values) };
          return { key, start, end, value, isEarly: false };
        });
        const found = rig.results.map(({ value, ...rest }) => {
          const { list, ...others } = value as { readonly list: number[] };
          return { ...rest, value: { ...others, list: sorted(list) } };
        });
        assert.deepEqual(inOrder(found), expected);
        for (const { timestamp, watermark } of late)
          assert.ok(
            endsOf(timestamp, size, slide).every((end) => end <= watermark),
            'only what is in no open window',
          );
      }),
      { numRuns: 400 },
    );
  },
);

test('results come in the order of their ends, then of keys, where all that is due is called at once', LIMIT, () => {
  fc.assert(
    fc.property(steps, start, shapes, (steps, start, [size, slide]) => {
      const atOnce = steps.map((one) => (one.kind === 'advance' ? { ...one, most: undefined } : one));
      const { rig } = run(new WindowsRig(WindowDefinition.sliding(size, slide), list as Operation), {
        steps: atOnce,
        start,
      });
      assert.deepEqual(rig.results, inOrder(rig.results));
    }),
  );
});

test('a window with deduct is what it is without, in the order of its items too', LIMIT, () => {
  const { deduct: _, ...combining } = queue;
  fc.assert(
    fc.property(steps, start, shapes, (steps, start, [size, slide]) => {
      const [deducted, combined] = [queue, combining].map((operation) => {
        const { rig } = run(new WindowsRig(WindowDefinition.sliding(size, slide), operation as Operation), {
          steps,
          start,
        });
        return valuesOf(rig.results);
      });
      assert.deepEqual(deducted, combined);
    }),
    { numRuns: 400 },
  );
});

/** Sessions by sorting: those of one key that have not ended at the watermark are made anew at each item. */
class SessionModel {
  readonly results: Expected[] = [];
  readonly taken: Taken[] = [];
  #open: Taken[] = [];
  readonly #timeout: number;

  constructor(timeout: number) {
    this.#timeout = timeout;
  }

  take(one: Taken): boolean {
    this.endUpTo(one.watermark);
    const session = this.#sessions([...this.#open, one]).find(({ items }) => items.includes(one));
    if (session === undefined || session.end <= one.watermark) return false;
    this.#open.push(one);
    return true;
  }

  endUpTo(watermark: number): void {
    const ended = this.#sessions(this.#open).filter(({ end }) => end <= watermark);
    this.results.push(...ended);
    const gone = new Set(ended.flatMap(({ items }) => items));
    this.#open = this.#open.filter((one) => !gone.has(one));
  }

  #sessions(all: readonly Taken[]): readonly Expected[] {
    const sessions: (Expected & { readonly items: Taken[]; end: number })[] = [];
    for (const one of [...all].sort((a, b) => (a.key === b.key ? a.timestamp - b.timestamp : a.key < b.key ? -1 : 1))) {
      const last = sessions.at(-1);
      const end = one.timestamp + this.#timeout;
      if (last?.key === one.key && one.timestamp < last.end) {
        last.items.push(one);
        last.end = end;
      } else sessions.push({ key: one.key, start: one.timestamp, end, items: [one] });
    }
    return sessions;
  }
}

test(
  'sessions are those of the whole input: an item between two makes them one, through restarts and late items',
  LIMIT,
  () => {
    fc.assert(
      fc.property(steps, start, fc.constantFrom(1, 5, 20), (steps, start, timeout) => {
        const model = new SessionModel(timeout);
        const rig = new WindowsRig(WindowDefinition.session(timeout), list as Operation);
        const { taken, late } = run(rig, { steps, start });
        for (const one of [...taken, ...late].sort((a, b) => a.item - b.item))
          assert.equal(model.take(one), taken.includes(one), `item ${one.item}`);
        model.endUpTo(Number.POSITIVE_INFINITY);
        const sum = (results: readonly { readonly items: readonly number[] }[]) =>
          results.map(({ items }) => items.length).reduce((all, one) => all + one, 0);
        const found = rig.results.map(({ key, start, end, value }) => ({
          key,
          start,
          end,
          items: sorted(value as number[]),
        }));
        const expected = model.results.map(({ items, ...rest }) => ({
          ...rest,
          items: sorted(items.map(({ item }) => item)),
        }));
        const order = (a: (typeof found)[number], b: (typeof found)[number]) =>
          a.end - b.end || (a.key < b.key ? -1 : a.key > b.key ? 1 : (a.items[0] ?? 0) - (b.items[0] ?? 0));
        assert.deepEqual(found.sort(order), expected.sort(order));
        assert.equal(sum(found), taken.length);
      }),
      { numRuns: 400 },
    );
  },
);

/** When an early result has an item that came at this time of the machine, if its window is open still. */
const toldAt = (machine: number, period: number): number => (Math.floor(machine / period) + 1) * period;

const itemsOf = ({ value }: TestedResult): readonly number[] => value as number[];

/** An early result has an item that none before it has of the same window. */
const assertSomethingNew = (results: readonly TestedResult[]): void => {
  const known = new Map<string, number>();
  for (const { key, end, value, isEarly } of results) {
    if (!isEarly) continue;
    const { length } = value as number[];
    assert.ok(length > (known.get(`${key} ${end}`) ?? 0), `${key} ${end} has something new`);
    known.set(`${key} ${end}`, length);
  }
};

test(
  'an early result is the window as it is then, of all that have something new, and nothing else changes',
  LIMIT,
  () => {
    fc.assert(
      fc.property(passing, start, shapes, fc.constantFrom(1, 4, 25), (steps, start, [size, slide], period) => {
        const windows = WindowDefinition.sliding(size, slide);
        const plain = run(new WindowsRig(windows, queue as Operation), { steps, start });
        const early = new WindowsRig(windows.setEarlyResultsPeriod(period), queue as Operation);
        let shown = 0;
        const { taken } = run(early, { steps, start }, (taken, { kind }) => {
          for (const result of early.results.slice(shown)) {
            if (!result.isEarly) continue;
            const { key, end } = result;
            const window = slidingModel(taken, size, slide).find((one) => one.key === key && one.end === end);
            assert.deepEqual(sorted(itemsOf(result)), sorted((window?.items ?? []).map(({ item }) => item)));
          }
          shown = early.results.length;
          if (kind !== 'pass') return;
          for (const { key, timestamp, watermark, machine, item } of taken) {
            if (toldAt(machine, period) > early.machine) continue;
            for (const end of endsOf(timestamp, size, slide)) {
              const told = early.results.filter((one) => one.key === key && one.end === end);
              const isOpen = end > watermark && told.every(({ isEarly }) => isEarly);
              if (isOpen)
                assert.ok(
                  told.some((one) => itemsOf(one).includes(item)),
                  `item ${item} up to ${end}`,
                );
            }
          }
        });
        assert.equal(taken.length, plain.taken.length);
        assertSomethingNew(early.results);
        const final = early.results.filter(({ isEarly }) => !isEarly);
        assert.deepEqual(
          inOrder(valuesOf(final) as TestedResult[]),
          inOrder(valuesOf(plain.rig.results) as TestedResult[]),
        );
      }),
      { numRuns: 200 },
    );
  },
);

test('early results of sessions have each item of a session that goes on', LIMIT, () => {
  fc.assert(
    fc.property(passing, start, fc.constantFrom(5, 20), fc.constantFrom(1, 4), (steps, start, timeout, period) => {
      const windows = WindowDefinition.session(timeout);
      const plain = run(new WindowsRig(windows, list as Operation), { steps, start });
      const early = new WindowsRig(windows.setEarlyResultsPeriod(period), list as Operation);
      run(early, { steps, start }, (taken, { kind }) => {
        if (kind !== 'pass') return;
        const shown = new Set(early.results.flatMap(itemsOf));
        for (const { machine, item } of taken)
          if (toldAt(machine, period) <= early.machine) assert.ok(shown.has(item), `item ${item}`);
      });
      const final = early.results.filter(({ isEarly }) => !isEarly);
      assert.deepEqual(final, plain.rig.results);
    }),
    { numRuns: 200 },
  );
});
