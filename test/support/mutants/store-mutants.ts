import type { TestCell } from './mutant-cell.js';
import type { Mutant } from './mutants.js';

const LOG_STORE = 'test/unit/store/log/log-store.test.ts';
const VIEWS = 'test/unit/store/lmdb/lmdb-views.test.ts';
const FORMER = 'test/unit/store/embedded/take-over-former.test.ts';
const CRASH = 'test/fault/embedded-crash.test.ts';
const POWER = 'test/fault/embedded-power.test.ts';

/** The cells of a store in a directory: a log in files with a view behind it. */
export const STORE_CELLS: readonly TestCell[] = [
  { id: 'lost record', file: LOG_STORE, test: 'lost the last record that the view has' },
  { id: 'order of a snapshot', file: CRASH, test: 'D12 a snapshot and its name are durable before its record' },
  { id: 'log alone', file: CRASH, test: 'killed while the log is trimmed' },
  { id: 'mark of a view', file: CRASH, test: 'D5 a view is marked, durably, before anything is written' },
  { id: 'another start', file: VIEWS, test: 'trust what a killed process left' },
  { id: 'damaged view', file: VIEWS, test: 'make a view anew that showed what was not written' },
  { id: 'struck takeover', file: 'test/fault/embedded-takeover.test.ts', test: 'killed at any call' },
  { id: 'loss of power', file: POWER, test: 'D12 of the bytes and names that were not flushed' },
  { id: 'loss behind a kill', file: POWER, test: 'R13 what a killed process has left in memory' },
  { id: 'damaged mark', file: FORMER, test: 'keeps its log where the mark is damaged' },
];

const MAKE_WHOLE = 'src/internal/files/make-whole.ts';
const BOOT_MARK = 'src/store/lmdb/view/boot-mark.ts';
const WRITER = 'src/store/log/file/segment-writer.ts';
const VIEW = 'src/store/lmdb/view/lmdb-view.ts';
const TAKE_OVER = 'src/store/embedded/take-over-former.ts';

/** One for each thing that a log, its snapshots, its view and what was there before owe each other. */
export const STORE_MUTANTS: readonly Mutant[] = [
  {
    id: 'S1',
    title: 'believes a view that has what the log has lost',
    caughtBy: 'lost record',
    patches: [
      {
        file: 'src/store/log/opening/replay.ts',
        find: '(reached.seq === head.seq && reached.crc !== head.crc)',
        replace: '(reached.seq === head.seq && head.crc === undefined)',
      },
    ],
  },
  {
    id: 'S2',
    title: 'trims the log before a record counts the snapshot',
    caughtBy: 'log alone',
    patches: [
      {
        file: 'src/store/log/snapshot/snapshotter.ts',
        find: '      await append(encodeSnapshotRecord(record));\n',
        replace: '      await log.trim(record.from.seq);\n      await append(encodeSnapshotRecord(record));\n',
      },
    ],
  },
  {
    id: 'S3',
    title: 'counts a snapshot that is not flushed',
    caughtBy: 'order of a snapshot',
    patches: [{ file: MAKE_WHOLE, find: '      await file.datasync();\n', replace: '' }],
  },
  {
    id: 'S4',
    title: 'believes a view of an earlier start of the system',
    caughtBy: 'another start',
    patches: [
      {
        file: BOOT_MARK,
        find: 'left !== UNKNOWN && left === (await bootId())',
        replace: 'left !== (await bootId()) || true',
      },
    ],
  },
  {
    id: 'S5',
    title: 'writes to a view before it is marked as one that is not flushed',
    caughtBy: 'mark of a view',
    patches: [{ file: BOOT_MARK, find: '      await file.datasync();\n', replace: '' }],
  },
  {
    id: 'S6',
    title: 'opens a damaged view again and again',
    caughtBy: 'damaged view',
    patches: [{ file: VIEW, find: '    if (this.#damaged) await removeFile(path);\n', replace: '' }],
  },
  {
    id: 'S7',
    title: 'marks a former store as taken over before the log has it',
    caughtBy: 'struck takeover',
    patches: [
      {
        file: TAKE_OVER,
        find: '    await writeLog(store, name, logs);\n',
        replace: "    await markFormer(path.concat('.mdb'));\n    await writeLog(store, name, logs);\n",
      },
      { file: TAKE_OVER, find: 'await store.close();', replace: 'await store.close().catch(() => {});' },
    ],
  },
  {
    id: 'S8',
    title: 'removes a log before it knows that a store is in the place of the mark',
    caughtBy: 'damaged mark',
    patches: [
      {
        file: TAKE_OVER,
        find: "  if (found === 'store') await takeOver",
        replace: "  if (found === 'store') await removeUnfinished(path);\n  if (found === 'store') await takeOver",
      },
    ],
  },
  {
    id: 'S9',
    title: 'says of a record that it is durable when it is in memory',
    caughtBy: 'loss of power',
    patches: [{ file: WRITER, find: '(WRITES_THROUGH ? constants.O_DSYNC : 0)', replace: '0' }],
  },
  {
    id: 'S10',
    title: 'goes on in a segment whose name is not durable',
    caughtBy: 'loss of power',
    patches: [{ file: MAKE_WHOLE, find: '  await syncNewName(path);\n', replace: '' }],
  },
  {
    id: 'S11',
    title: 'reads a record that a killed process left, and does not write it again',
    caughtBy: 'loss behind a kill',
    patches: [
      { file: 'src/store/log/file/recover-log.ts', find: 'if (found.last === undefined) return;', replace: 'return;' },
    ],
  },
];
