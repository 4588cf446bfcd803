import type { TestCell } from './mutant-cell.js';
import type { Mutant } from './mutants.js';

const WINDOWS_TEST = 'test/property/windows.test.ts';
const IN_JOBS_TEST = 'test/simulation/windows-in-jobs.test.ts';

/** The cells of windows. */
export const WINDOW_CELLS: readonly TestCell[] = [
  { id: 'sliding windows', file: WINDOWS_TEST, test: 'sliding and tumbling windows' },
  { id: 'deducting windows', file: WINDOWS_TEST, test: 'a window with deduct' },
  { id: 'sessions', file: WINDOWS_TEST, test: 'sessions are those' },
  { id: 'early results', file: WINDOWS_TEST, test: 'an early result is' },
  { id: 'windows in jobs', file: IN_JOBS_TEST },
  { id: 'TM11', file: 'test/property/armed-timers.test.ts', test: 'TM11:' },
  { id: 'SR1', file: 'test/property/armed-timers.test.ts', test: 'SR1,' },
];

const SLIDING = 'src/pipeline/windows/sliding-windows.ts';
const SESSIONS = 'src/pipeline/windows/session-windows.ts';

/** One for each way in which windows could be others than those of their items. */
export const WINDOW_MUTANTS: readonly Mutant[] = [
  {
    id: 'T19',
    title: 'counts a late item in windows that have ended, and tells them again',
    caughtBy: 'sliding windows',
    patches: [
      {
        file: SLIDING,
        find: 'const from = isLate ? multipleBehind(now, slide) : start + slide;',
        replace: 'const from = start + slide + 0 * multipleBehind(now, slide);',
      },
    ],
  },
  {
    id: 'T20',
    title: 'takes an item all windows of which have ended',
    caughtBy: 'windows in jobs',
    patches: [{ file: SLIDING, find: '    if (to <= now) return false;\n', replace: '' }],
  },
  {
    id: 'T21',
    title: 'does not deduct what has left a sliding window',
    caughtBy: 'deducting windows',
    patches: [
      {
        file: SLIDING,
        find: 'else for (const pane of gone) this.#options.accumulators.deduct(running, pane);',
        replace: 'else this.#options.accumulators.of(running);',
      },
    ],
  },
  {
    id: 'T22',
    title: 'puts a late item in the place of one that is not, in a window that slides',
    caughtBy: 'deducting windows',
    patches: [{ file: SLIDING, find: 'if (isLate) state.mixedUntil = Math.max(state.mixedUntil, from);', replace: '' }],
  },
  {
    id: 'T33',
    title: 'stores a pane that has changed as it was stored before',
    caughtBy: 'sliding windows',
    patches: [
      {
        file: 'src/pipeline/windows/accumulators.ts',
        find: '    changeFrom(state, pane.to);\n',
        replace: '',
      },
    ],
  },
  {
    id: 'T23',
    title: 'does not store that a window has been told of',
    caughtBy: 'windows in jobs',
    patches: [
      {
        file: 'src/pipeline/compile/keyed/compile-window.ts',
        find: 'calls);\n    save(key, value);\n    if (results',
        replace: 'calls);\n    if (results',
      },
    ],
  },
  {
    id: 'T24',
    title: 'loses a session where two become one',
    caughtBy: 'sessions',
    patches: [
      {
        file: SESSIONS,
        find: 'for (const other of others) this.#options.accumulators.combine(first, other);',
        replace: 'void others;',
      },
    ],
  },
  {
    id: 'T25',
    title: 'goes on with a session that has ended',
    caughtBy: 'sessions',
    patches: [
      { file: SESSIONS, find: ' || pane.to <= now) break;', replace: ' || now < Number.NEGATIVE_INFINITY) break;' },
    ],
  },
  {
    id: 'T26',
    title: 'ends a session at the end that it had at first',
    caughtBy: 'sessions',
    patches: [
      {
        file: SESSIONS,
        find: 'const gone = removeEnded(state, end);',
        replace:
          'const kept = state.panes.findIndex(({ from }) => from + this.#options.timeout > end); ' +
          'const gone = state.panes.splice(0, kept < 0 ? state.panes.length : kept); removeEnded(state, Number.NaN);',
      },
    ],
  },
  {
    id: 'T27',
    title: 'tells a window early that has nothing new',
    caughtBy: 'early results',
    patches: [
      {
        file: 'src/pipeline/windows/window-state.ts',
        find: '    pane.fresh = false;\n',
        replace: '',
      },
    ],
  },
  {
    id: 'T32',
    title: 'takes the timer of a window that has fired for one that is set',
    caughtBy: 'TM11',
    patches: [
      {
        file: 'src/engine/state/armed-timers.ts',
        find: 'if (this.#changed.has(key)) return this.#changed.get(key);',
        replace: 'if (this.#changed.get(key) !== undefined) return this.#changed.get(key);',
      },
    ],
  },
  {
    id: 'T29',
    title: 'says in the state of a window where its timer is before it is there',
    caughtBy: 'TM11',
    patches: [
      {
        file: 'src/pipeline/windows/arm-timers.ts',
        find: '  if (Object.is(state.armed, at)) return;\n',
        replace: '  if (Object.is(state.armed, at)) return;\n  state.armed = at;\n',
      },
    ],
  },
  {
    id: 'T36',
    title: 'leaves a pane that an item changes in the part that has it as it was',
    caughtBy: 'sliding windows',
    patches: [
      { file: 'src/pipeline/windows/accumulators.ts', find: '    leavePart(state, pane);\n', replace: '' },
      {
        file: 'src/pipeline/windows/accumulators.ts',
        find: 'changeFrom, type Kept, leavePart, type Pane',
        replace: 'changeFrom, type Kept, type Pane',
      },
    ],
  },
  {
    id: 'T37',
    title: 'counts what an earlier part has of a pane, and not what a later one has',
    caughtBy: 'sliding windows',
    patches: [
      {
        file: 'src/pipeline/windows/pane-parts.ts',
        find: 'const sorted = [...panes].sort(order);',
        replace: 'const sorted = [...panes].reverse().sort(order);',
      },
    ],
  },
  {
    id: 'T34',
    title: 'does not store up to where the panes of parts are gone',
    caughtBy: 'SR1',
    patches: [
      {
        file: 'src/pipeline/windows/write-state.ts',
        find: 'const isGone = isParted && goneTo > Number.NEGATIVE_INFINITY;',
        replace: 'const isGone = isParted && goneTo > Number.POSITIVE_INFINITY;',
      },
    ],
  },
  {
    id: 'T35',
    title: 'leaves the parts of a key where its state is gone',
    caughtBy: 'SR1',
    patches: [
      {
        file: 'src/engine/state/keyed-state.ts',
        find: '      this.#parts?.store(entry, undefined, overlay);\n',
        replace: '',
      },
    ],
  },
];
