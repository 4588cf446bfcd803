import type { TestCell } from './mutant-cell.js';
import type { Mutant } from './mutants.js';

const TABLES_TEST = 'test/unit/pipeline/tables.test.ts';
const RETAINED_TEST = 'test/integration/mqtt-table.test.ts';
const JOINS_TEST = 'test/simulation/joins-in-jobs.test.ts';
const SESSIONS_TEST = 'test/unit/pipeline/timers/sessionize.test.ts';

/** The cells of tables, of two streams together, and of sessions by the clock of the machine. */
export const JOIN_CELLS: readonly TestCell[] = [
  { id: 'one opening', file: TABLES_TEST, test: 'opens a table once' },
  { id: 'a load that fails', file: TABLES_TEST, test: 'keeps its rows when a load fails' },
  { id: 'whole tables', file: RETAINED_TEST, test: 'forgets what is deleted, on version 5' },
  { id: 'more rows than a queue', file: RETAINED_TEST, test: 'at QoS 1 of version 5' },
  { id: 'QoS of changes', file: RETAINED_TEST, test: 'takes changes at the QoS asked for' },
  { id: 'rows deleted meanwhile', file: RETAINED_TEST, test: 'that was deleted while it was away' },
  { id: 'joined windows', file: JOINS_TEST, test: 'joined windows of keys' },
  { id: 'merged keys', file: JOINS_TEST, test: 'merged by their keys' },
  { id: 'one way back', file: 'test/unit/engine/state/joins-in-jobs.test.ts', test: 'one way back for an item' },
  { id: 'sessionize', file: SESSIONS_TEST, test: 'gives what a key had' },
  { id: 'sessions that are full', file: SESSIONS_TEST, test: 'an item too many' },
  { id: 'sessions by plain loops', file: SESSIONS_TEST, test: 'has every item once' },
  { id: 'sessions in jobs', file: 'test/simulation/sessions-in-jobs.test.ts' },
];

const SHARED = 'src/pipeline/compile/services/shared-service.ts';
const BY_SIDE = 'src/pipeline/windows/by-side.ts';
const KEYED = 'src/pipeline/compile/keyed/keyed-steps.ts';

const TABLE_MUTANTS: readonly Mutant[] = [
  {
    id: 'J1',
    title: 'opens a table for each stage that looks it up',
    caughtBy: 'one opening',
    patches: [{ file: SHARED, find: 'this.#making ??= made(', replace: 'this.#making = made(' }],
  },
  {
    id: 'J2',
    title: 'closes a table with the first of its stages',
    caughtBy: 'one opening',
    patches: [{ file: SHARED, find: 'if (this.#users > 0) return;', replace: '' }],
  },
  {
    id: 'J3',
    title: 'has no rows while a table is loaded anew',
    caughtBy: 'a load that fails',
    patches: [
      {
        file: 'src/pipeline/tables/loaded-table.ts',
        find: 'const call = new AbortController();',
        replace: 'const call = new AbortController();\n    this.#rows = new Map();',
      },
    ],
  },
  {
    id: 'J4',
    title: 'begins before all rows of a table are there',
    caughtBy: 'whole tables',
    patches: [
      {
        file: 'src/mqtt/source/table/retained-table.ts',
        find: 'await Promise.race([intake.whole, lost]);',
        replace: 'void lost;',
      },
    ],
  },
  {
    id: 'J5',
    title: 'keeps a row that was deleted while nobody listened',
    caughtBy: 'rows deleted meanwhile',
    patches: [
      {
        file: 'src/mqtt/source/table/retained-rows.ts',
        find: 'if (round !== this.#round)',
        replace: 'if (round > this.#round)',
      },
    ],
  },
  {
    id: 'J15',
    title: 'asks for retained messages at a QoS for which the broker has to queue them',
    caughtBy: 'more rows than a queue',
    patches: [
      {
        file: 'src/mqtt/source/table/resolve-table.ts',
        find: 'const load = { filter, qos: 0,',
        replace: 'const load = { filter, qos,',
      },
    ],
  },
  {
    id: 'J16',
    title: 'takes changes at QoS 0, whatever was asked for',
    caughtBy: 'QoS of changes',
    patches: [
      {
        file: 'src/mqtt/source/table/table-round.ts',
        find: 'if (follow === undefined)',
        replace: 'if (follow !== null)',
      },
    ],
  },
];

const TWO_STREAM_MUTANTS: readonly Mutant[] = [
  {
    id: 'J6',
    title: 'takes the items of one stream for those of the other in a joined window',
    caughtBy: 'joined windows',
    patches: [{ file: BY_SIDE, find: 'side === 0\n', replace: 'side === 1\n' }],
  },
  {
    id: 'J7',
    title: 'puts together the parts of a joined window of the first stream alone',
    caughtBy: 'joined windows',
    patches: [{ file: BY_SIDE, find: 'second[name]?.(all[1], part[1])', replace: 'all[1]' }],
  },
  {
    id: 'J8',
    title: 'goes by the time of the stream that is ahead',
    caughtBy: 'joined windows',
    patches: [
      {
        file: 'src/pipeline/time/merged-watermark.ts',
        find: 'return goesOn ? earliest : latest;',
        replace: 'return goesOn ? Math.max(earliest, latest) : latest;',
      },
    ],
  },
  {
    id: 'J9',
    title: 'leaves out the second of two streams that are merged by their keys',
    caughtBy: 'merged keys',
    patches: [
      {
        file: KEYED,
        find: "if (vertex?.work.kind === 'merge') return this.#keyedBehind(to);",
        replace:
          "if (vertex?.work.kind === 'merge') return this.#graph.edges.find((edge) => edge.to === to)?.from === id ? this.#keyedBehind(to) : [];",
      },
    ],
  },
  {
    id: 'J10',
    title: 'undoes what an item did by one of two ways to a state only',
    caughtBy: 'one way back',
    patches: [{ file: KEYED, find: '        this.#steps.set(to, step);\n', replace: '' }],
  },
];

const SESSIONIZE_MUTANTS: readonly Mutant[] = [
  {
    id: 'J11',
    title: 'begins a session at a part of a millisecond',
    caughtBy: 'sessionize',
    patches: [
      {
        file: 'src/pipeline/compile/keyed/compile-window.ts',
        find: 'Math.floor(calls.now)',
        replace: 'calls.now',
      },
    ],
  },
  {
    id: 'J12',
    title: 'has no bound for the items of a session',
    caughtBy: 'sessions that are full',
    patches: [
      {
        file: 'src/pipeline/build/keyed-stage-handle.ts',
        find: 'AggregateOperations.toList<T>(maxItems)',
        replace: 'AggregateOperations.toList<T>()',
      },
    ],
  },
  {
    id: 'J13',
    title: 'has the end of a session where it was, whatever comes to it',
    caughtBy: 'sessions by plain loops',
    patches: [
      {
        file: 'src/pipeline/windows/session-windows.ts',
        find: 'first.to = Math.max(own.to, near.at(-1)?.to ?? own.to);',
        replace: 'first.to = near.at(-1)?.to ?? own.to;',
      },
    ],
  },
  {
    id: 'J14',
    title: 'does not store that a session has been told of',
    caughtBy: 'sessions in jobs',
    patches: [
      {
        file: 'src/pipeline/compile/keyed/compile-window.ts',
        find: 'calls);\n    save(key, value);\n    if (results',
        replace: 'calls);\n    if (results',
      },
    ],
  },
];

/** One for each way in which a look-up, two streams together or a session could be wrong. */
export const JOIN_MUTANTS: readonly Mutant[] = [...TABLE_MUTANTS, ...TWO_STREAM_MUTANTS, ...SESSIONIZE_MUTANTS];
