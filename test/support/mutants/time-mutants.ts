import type { TestCell } from './mutant-cell.js';
import type { Mutant } from './mutants.js';
import { WINDOW_CELLS, WINDOW_MUTANTS } from './window-mutants.js';

const STAGES_TEST = 'test/unit/pipeline/timers/stages.test.ts';
const STORED_TEST = 'test/unit/engine/state/timers.test.ts';
const BUNDLED_TEST = 'test/unit/engine/state/bundled-timers.test.ts';
const DUE_TEST = 'test/unit/engine/tick/due-timers.test.ts';
const EVENT_TEST = 'test/unit/engine/tick/event-time.test.ts';
const TIME_TEST = 'test/property/event-time.test.ts';
const COUNTS_TEST = 'test/property/event-timers.test.ts';

/** The cells of timers, event time and windows. */
export const TIME_CELLS: readonly TestCell[] = [
  { id: 'TM1', file: STAGES_TEST, test: 'has one timer of a name' },
  { id: 'TM2', file: STORED_TEST, test: 'TM2:' },
  { id: 'TM3', file: STORED_TEST, test: 'TM3:' },
  { id: 'TM4', file: 'test/property/timers.test.ts', test: 'in memory fire as a plain list' },
  { id: 'TM5', file: STAGES_TEST, test: 'TM5:' },
  { id: 'TM6', file: STAGES_TEST, test: 'TM6:' },
  { id: 'TM7', file: STORED_TEST, test: 'TM7:' },
  { id: 'TM8', file: STORED_TEST, test: 'TM8:' },
  { id: 'TM8 in bundles', file: BUNDLED_TEST, test: 'TM8:' },
  { id: 'TM12', file: BUNDLED_TEST, test: 'TM12:' },
  { id: 'TM9', file: DUE_TEST, test: 'TM9:' },
  { id: 'TM10', file: DUE_TEST, test: 'TM10:' },
  { id: 'timers in jobs', file: 'test/property/timers-in-jobs.test.ts', test: 'what took effect' },
  { id: 'one of several fails', file: DUE_TEST, test: 'C1: when one fails' },
  { id: 'ET1', file: EVENT_TEST, test: 'ET1:' },
  { id: 'idle', file: EVENT_TEST, test: 'wait for the source that is behind' },
  { id: 'watermarks', file: TIME_TEST, test: 'those of a recomputation' },
  { id: 'behind timers', file: TIME_TEST, test: 'behind timers' },
  { id: 'behind calls', file: TIME_TEST, test: 'behind calls' },
  { id: 'results in portions', file: EVENT_TEST, test: 'leads to more than goes on at once' },
  { id: 'counts', file: COUNTS_TEST, test: 'in memory' },
  ...WINDOW_CELLS,
];

/** No mutant needs them: jobs with windows and timers among others, under all faults. */
export const FURTHER_TIME_CELLS: readonly TestCell[] = [
  { id: 'job histories', file: 'test/simulation/job-exactly-once.test.ts', env: { MILLRACE_SEEDS: '99' } },
];

const INDEXED = 'src/pipeline/timers/indexed-timers.ts';
const TIMED = 'src/pipeline/compile/keyed/compile-timed.ts';
const STORED = 'src/engine/state/stored-timers.ts';
const STORED_INDEX = 'src/engine/state/stored-timer-index.ts';
const BUNDLED = 'src/engine/state/bundled-timers.ts';
const DUE = 'src/engine/tick/due-timers.ts';
const MERGED = 'src/pipeline/time/merged-watermark.ts';

const TIMER_MUTANTS: readonly Mutant[] = [
  {
    id: 'T1',
    title: 'keeps the timer that was set before under the same name',
    caughtBy: 'TM1',
    patches: [
      {
        file: INDEXED,
        find: 'const others = without(was?.timers ?? [], name);',
        replace: 'const others = was?.timers ?? [];',
      },
    ],
  },
  {
    id: 'T2',
    title: 'fires the timers of a slice in the order of their keys',
    caughtBy: 'TM2',
    patches: [
      {
        file: STORED_INDEX,
        find: '.sort(compareEntries).slice(0, most);',
        replace: '.sort((a, b) => (String(a.key) < String(b.key) ? -1 : 1)).slice(0, most);',
      },
    ],
  },
  {
    id: 'T3',
    title: 'reads all timers to find the first',
    caughtBy: 'TM3',
    patches: [{ file: STORED_INDEX, find: 'if (read.size === READ) {', replace: 'if (read.size < 0) {' }],
  },
  {
    id: 'T4',
    title: 'looks at a key no earlier for a timer that was set to an earlier time',
    caughtBy: 'TM4',
    patches: [
      {
        file: INDEXED,
        find: 'wake: Math.min(was?.wake ?? first, first), timers',
        replace: 'wake: was?.wake ?? first, timers',
      },
    ],
  },
  {
    id: 'T5',
    title: 'sets a timer again whose call was given up',
    caughtBy: 'TM5',
    patches: [{ file: TIMED, find: 'due.clear(key, name);', replace: 'timers.clear(key, name);' }],
  },
  {
    id: 'T6',
    title: 'forgets a key that has another timer set',
    caughtBy: 'TM6',
    patches: [
      {
        file: TIMED,
        find: 'if (last === undefined) state.remove(key);',
        replace: 'if (last !== 0) state.remove(key);',
      },
    ],
  },
  {
    id: 'T7',
    title: 'does not see a timer that is put among those in memory',
    caughtBy: 'TM7',
    patches: [{ file: STORED_INDEX, find: 'this.#take(record);\n    this.#bound();', replace: 'this.#bound();' }],
  },
  {
    id: 'T8',
    title: 'has the order of timers after an undone unit as that left it',
    caughtBy: 'TM8',
    patches: [{ file: STORED, find: '    this.#index.undo();\n', replace: '' }],
  },
  {
    id: 'T9',
    title: 'fires timers without room for what they lead to',
    caughtBy: 'TM9',
    patches: [
      { file: DUE, find: 'lane.isDue && custody.dueRoom(downstream) > 0', replace: 'lane.isDue' },
      {
        file: DUE,
        find: 'const room = custody.dueRoom(downstream);',
        replace: 'const room = Math.max(1, custody.dueRoom(downstream));',
      },
    ],
  },
  {
    id: 'T10',
    title: 'clears a timer in a commit that has not what it led to',
    caughtBy: 'TM10',
    patches: [
      {
        file: 'src/engine/durable/durable-tick.ts',
        find: 'for (const lane of sinks) for (const outbox of lane.outboxes) outbox.seal(overlay);',
        replace:
          'if (this.#sealed.length > 0) for (const lane of sinks) for (const outbox of lane.outboxes) outbox.seal(overlay);',
      },
    ],
  },
  {
    id: 'T11',
    title: 'does not store what a timer has changed in the state',
    caughtBy: 'timers in jobs',
    patches: [
      {
        file: TIMED,
        find: 'if (keep(key, value) && timers.at(key, FORGET) === undefined) touch(key);',
        replace: 'if (timers.at(key, FORGET) === undefined) touch(value === undefined ? key : key);',
      },
    ],
  },
  {
    id: 'T12',
    title: 'commits that a timer was cleared whose function has failed the job',
    caughtBy: 'one of several fails',
    patches: [
      {
        file: DUE,
        find: '{ frame, origin: run.next }), gate.careful);',
        replace: '{ frame, origin: run.next }), true);',
      },
    ],
  },
  {
    id: 'T30',
    title: 'loses a timer whose bundle is given up',
    caughtBy: 'TM12',
    patches: [{ file: BUNDLED, find: '    this.#options.putOwn(entry.wake, key);\n', replace: '' }],
  },
  {
    id: 'T31',
    title: 'has in the bundles what a unit has set that was undone',
    caughtBy: 'TM8 in bundles',
    patches: [{ file: BUNDLED, find: '    this.#bundles.undo();\n', replace: '' }],
  },
];

const EVENT_TIME_MUTANTS: readonly Mutant[] = [
  {
    id: 'T13',
    title: 'does not store how far event time has come',
    caughtBy: 'ET1',
    patches: [
      {
        file: 'src/engine/state/stored-event-times.ts',
        find: '    overlay.put(storeKeys.eventTimes, encodeStored(this.#sealed));\n',
        replace: '    void overlay;\n',
      },
    ],
  },
  {
    id: 'T14',
    title: 'waits for a source that is idle',
    caughtBy: 'idle',
    patches: [{ file: MERGED, find: "if (pace !== 'going') continue;", replace: "if (pace === 'ended') continue;" }],
  },
  {
    id: 'T15',
    title: 'goes back where a source comes again that was idle',
    caughtBy: 'watermarks',
    patches: [
      {
        file: MERGED,
        find: 'this.#watermark = Math.max(this.#watermark, mergedOf(this.#streams));',
        replace: 'this.#watermark = mergedOf(this.#streams);',
      },
    ],
  },
  {
    id: 'T16',
    title: 'goes on behind timers that are due and have not fired',
    caughtBy: 'behind timers',
    patches: [
      {
        file: 'src/pipeline/time/timers-time.ts',
        find: 'due === undefined ? watermark : Math.min(watermark, due - 1)',
        replace: 'watermark',
      },
    ],
  },
  {
    id: 'T17',
    title: 'goes on behind calls that are pending',
    caughtBy: 'behind calls',
    patches: [
      {
        file: 'src/pipeline/time/pending-times.ts',
        find: 'return this.#pending.peek()?.watermark ?? this.#upstream.watermark;',
        replace: 'return this.#upstream.watermark;',
      },
    ],
  },
  {
    id: 'T18',
    title: 'does not wait for what may come late',
    caughtBy: 'counts',
    patches: [
      {
        file: 'src/pipeline/time/source-watermark.ts',
        find: 'const watermark = timestamp - this.#allowedLagMs;',
        replace: 'const watermark = timestamp - 0 * this.#allowedLagMs;',
      },
    ],
  },
  {
    id: 'T28',
    title: 'ends a call once more when a part of the next result has gone on',
    caughtBy: 'results in portions',
    patches: [
      {
        file: 'src/engine/tick/calls.ts',
        find: 'if (!run.paused && run.next > from) endTime(lane, slots[run.next - 1]);',
        replace: 'endTime(lane, slots[run.next - 1]);',
      },
    ],
  },
];

/** One for each way in which timers could fire wrongly and event time run away or stand still, and those of windows. */
export const TIME_MUTANTS: readonly Mutant[] = [...TIMER_MUTANTS, ...EVENT_TIME_MUTANTS, ...WINDOW_MUTANTS];
