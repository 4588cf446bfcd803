import type { BenchOptions } from '../support/bench-options.js';
import { compare, type Entry } from '../support/compare.js';
import type { ContenderTask, WindowTask } from '../support/contender.js';
import type { Comparison } from '../support/result.js';
import { runContender } from '../support/run-contender.js';

const MINUTE = 60_000;
/** A reading every two seconds: 30 in a minute. */
const EVERY_MS = 2_000;
/** With so many keys in as few items each has two in a minute. */
const EVERY_MS_OF_MANY = 30_000;

const ITEMS = 1_000_000;
const ITEMS_OF_MANY = 2_000_000;

const RXJS_LEFT_OUT = 'RxJS is left out: it had not ended with a million groups after more than three minutes.';

type Keys = 10 | 10_000 | 1_000_000;

const tumbling = (keys: Keys): WindowTask => ({
  sizeMs: MINUTE,
  slideMs: MINUTE,
  everyMs: keys === 1_000_000 ? EVERY_MS_OF_MANY : EVERY_MS,
});

const sliding = (keys: Keys): WindowTask => ({ ...tumbling(keys), slideMs: MINUTE / 6 });

export const STORED = 'with the store, exactly once';
export const KEYED = 'state by key, with the store';

/** Averages of a minute for each key, from memory to nowhere, beside what others do in memory alone. */
export async function windowsCase(
  kind: 'tumbling' | 'sliding',
  keys: Keys,
  options: BenchOptions,
): Promise<Comparison> {
  const windows = kind === 'tumbling' ? tumbling(keys) : sliding(keys);
  const isMany = keys === 1_000_000;
  const messages = Math.round((isMany ? ITEMS_OF_MANY : ITEMS) * options.scale);
  const task = { url: '', toUrl: '', qos: 0, messages, window: 0, clientId: 'windows', keys, windows } as const;
  const entry = (contender: string, name: string, more: Partial<ContenderTask> = {}): Entry => ({
    contender,
    measure: () => runContender(name, { ...task, ...more }),
  });
  const entries = [
    entry(STORED, 'windows-millrace', { qos: 2 }),
    entry('state in memory, no guarantee', 'windows-millrace'),
    entry(KEYED, 'keyed-millrace', { qos: 2 }),
    entry('a loop over a map, in memory', 'windows-loop'),
    ...(isMany ? [] : [entry('RxJS, in memory', 'windows-rxjs')]),
  ];
  const slides = kind === 'tumbling' ? '' : ' that slides by ten seconds';
  const title = `Averages of a minute${slides}, ${keys.toLocaleString('en-US')} keys, no broker`;
  const comparison = await compare(title, entries, options);
  return {
    ...comparison,
    notes: [
      `${MINUTE / windows.everyMs} items of a key in a minute, ${count(messages)} in all.`,
      ...(isMany ? [RXJS_LEFT_OUT] : []),
    ],
  };
}

const count = (value: number): string => value.toLocaleString('en-US');
