import { EXCHANGE_CELLS, EXCHANGE_MUTANTS } from './exchange-mutants.js';
import type { TestCell } from './mutant-cell.js';
import type { Mutant } from './mutants.js';

const LOG_STORE = 'test/unit/store/log/log-store.test.ts';

/** The cells of what several nodes rest on. */
export const CLUSTER_CELLS: readonly TestCell[] = [
  { id: 'one record', file: 'test/unit/store/log/log-writer.test.ts', test: 'has one record under way' },
  { id: 'late claim', file: 'test/unit/store/log/log-writer.test.ts', test: 'does not take a log from a newer epoch' },
  { id: 'refused snapshot', file: 'test/unit/store/log/snapshot/snapshotter.test.ts', test: 'trims nothing when' },
  { id: 'empty place', file: 'test/unit/store/jetstream/append-outcome.test.ts', test: 'nothing there says nothing' },
  { id: 'refused commit', file: LOG_STORE, test: 'leaves nothing of a commit that the log refused in its view' },
  { id: 'removed key', file: LOG_STORE, test: 'shows a commit that the log has' },
  ...EXCHANGE_CELLS,
];

/** Cells that no mutant needs, which show what the worlds notice in which all comes together; shortened, for they run on every mutant. */
export const FURTHER_CLUSTER_CELLS: readonly TestCell[] = [
  {
    id: 'schedules',
    file: 'test/simulation/cluster-schedules.test.ts',
    test: 'C1 to C4',
    env: { MILLRACE_SEEDS: '1000' },
  },
  { id: 'cluster histories', file: 'test/simulation/cluster-histories.test.ts', env: { MILLRACE_SEEDS: '200' } },
];

const WRITER = 'src/store/log/log-writer.ts';

/**
 * One for each way in which two owners of a partition could come to write, or a copy of it to differ from its log, and for what goes from
 * one partition to another. That nobody speaks at a broker before the log has said who its owner is, and that the next owner finds the session
 * there, M14 to M16 break.
 */
export const CLUSTER_MUTANTS: readonly Mutant[] = [
  {
    id: 'L1',
    title: 'has two records under way',
    caughtBy: 'one record',
    patches: [
      {
        file: WRITER,
        find: "    if (this.#busy) throw new MillraceError('INTERNAL', 'a log has one record under way at a time');\n",
        replace: '',
      },
      {
        file: WRITER,
        find: '    const seq = await this.#log.append(bytes, this.#head.seq);\n',
        replace:
          '    const expected = this.#head.seq;\n    this.#head = { epoch, number, seq: expected + 1, crc: crcOf(bytes), bytes: offset + bytes.byteLength };\n    const seq = await this.#log.append(bytes, expected);\n',
      },
      {
        file: WRITER,
        find: '    this.#head = { seq, epoch, number, crc: crcOf(bytes), bytes: offset + bytes.byteLength };\n',
        replace: '    const point = { seq, epoch, number, crc: crcOf(bytes), bytes: offset + bytes.byteLength };\n',
      },
      {
        file: WRITER,
        find: "    if (kind === 'snapshot') this.#snapshot = seq;\n    return this.#head;",
        replace: "    if (kind === 'snapshot') this.#snapshot = seq;\n    return point;",
      },
      {
        file: 'src/store/group-committer.ts',
        find: 'while (this.#waiting.length > 0) await this.#writeGroup(this.#takeGroup());',
        replace:
          'while (this.#waiting.length > 0) await Promise.race([this.#writeGroup(this.#takeGroup()), undefined]);',
      },
    ],
  },
  {
    id: 'L2',
    title: 'lets an earlier epoch take the log from a later one',
    caughtBy: 'late claim',
    patches: [{ file: WRITER, find: 'if (writer.#head.epoch >= epoch) throw', replace: 'if (epoch <= 0) throw' }],
  },
  {
    id: 'L3',
    title: 'trims the log before a record counts the snapshot',
    caughtBy: 'refused snapshot',
    patches: [
      {
        file: 'src/store/log/snapshot/snapshotter.ts',
        find: '      await append(encodeSnapshotRecord(record));\n',
        replace: '      await log.trim(record.from.seq);\n      await append(encodeSnapshotRecord(record));\n',
      },
    ],
  },
  {
    id: 'L4',
    title: 'takes a record that it does not see for one that is not there',
    caughtBy: 'empty place',
    patches: [
      {
        file: 'src/store/jetstream/append-outcome.ts',
        find: "if (found === undefined || found.seq < place) return 'again';",
        replace: "if (found === undefined || found.seq < place) return 'fenced';",
      },
    ],
  },
  {
    id: 'L5',
    title: 'writes the view before the log has the record',
    caughtBy: 'refused commit',
    patches: [
      {
        file: 'src/store/log/log-store.ts',
        find: '    const point = await writer.append(kind, body);\n',
        replace:
          '    for (const { changes } of commits) this.#behind.add(changes, writer.head);\n    const point = await writer.append(kind, body);\n',
      },
    ],
  },
  {
    id: 'L6',
    title: 'forgets in a range what is removed and stands in the view yet',
    caughtBy: 'removed key',
    patches: [
      {
        file: 'src/store/log/read-merged.ts',
        find: 'const value = isChange ? copyOf(pending.get(at)?.value) : below?.value;',
        replace:
          'const value = (isChange ? copyOf(pending.get(at)?.value) : undefined) ?? (below?.key === at ? below.value : undefined);',
      },
    ],
  },
  ...EXCHANGE_MUTANTS,
];
