import type { SinkDefinition } from '../../../src/connector/sink.js';
import type { AggregateOperation } from '../../../src/pipeline/aggregates/aggregate-operation.js';
import { AggregateOperations } from '../../../src/pipeline/aggregates/aggregate-operations.js';
import type { Stage } from '../../../src/pipeline/stage.js';
import type { Timers } from '../../../src/pipeline/timers/timers.js';
import { windowText } from '../plain-windows.js';
import { delayOf, LATE, type SimTime, TIMERS, timerNameOf, WINDOWS, windowsOf } from './sim-time.js';

/** A message, as these stages see it. */
interface Numbered {
  readonly topic: string;
  readonly n: number;
}

/** What goes out. */
export interface Line {
  readonly topic: string;
  readonly payload: string;
}

/** Throws now and then. */
type Trip = () => void;

const numbersOf = <T extends Numbered>(trip: Trip): AggregateOperation<T, number[], number[]> =>
  AggregateOperations.withCreate((): number[] => [])
    .andAccumulate((all, { n }: T) => {
      all.push(n);
      trip();
      return all;
    })
    .andCombine((all, later) => [...all, ...later])
    .andDeduct((all, part) => all.filter((n) => !part.includes(n)))
    .andExport((all) => {
      trip();
      return [...all].sort((a, b) => a - b);
    });

/** Each window tells the numbers of its messages. */
export const windowLines = <T extends Numbered>(
  stage: Stage<T, true>,
  time: SimTime,
  { trip, lateSink }: { readonly trip: Trip; readonly lateSink: SinkDefinition<T> },
): Stage<Line> =>
  stage
    .groupingKey(({ topic }) => topic)
    .window(windowsOf(time))
    .aggregate(numbersOf<T>(trip), { lateItems: lateSink })
    .setName('windows')
    .map(({ key, start, end, value }) => ({
      topic: `${WINDOWS}${key}`,
      payload: windowText({ start, end, numbers: value }),
    }));

export const lateLine = ({ topic, n }: Numbered): Line => ({ topic: `${LATE}${topic}`, payload: String(n) });

/** Messages that wait for one timer. */
interface Waiting {
  readonly numbers: number[];
  /** When the timer was set as last. */
  setAt: number;
}

/** Each message waits for one of the timers of its key: it is told with when that was set, was due, and has fired. */
export const timerLines = (stage: Stage<Numbered>, time: SimTime, trip: Trip): Stage<Line> =>
  stage
    .groupingKey(({ topic }) => topic)
    .flatMapStateful(
      (): Record<string, Waiting> => ({}),
      (state, _, { n }, timers: Timers): readonly Line[] => {
        const name = timerNameOf(n);
        state[name] ??= { numbers: [], setAt: 0 };
        const waiting = state[name];
        waiting.numbers.push(n);
        waiting.setAt = timers.now;
        timers.set(name, timers.now + delayOf(time, n));
        trip();
        return [];
      },
      {
        onTimer: (state, topic, { name, at }, timers) => {
          const { numbers, setAt } = state[name] ?? { numbers: [], setAt: 0 };
          delete state[name];
          trip();
          return numbers.map((n) => ({ topic: `${TIMERS}${topic}`, payload: `${n} ${setAt} ${at} ${timers.now}` }));
        },
      },
    )
    .setName('timers');
