import type { TestCell } from './mutant-cell.js';
import type { Mutant } from './mutants.js';

const POSITION = 'test/integration/postgres-sink-position.test.ts';
const SOURCES = 'test/integration/postgres-sources.test.ts';

/** The cells of the rules of `src/postgres`. Those that name a server's answer need a real one. */
export const POSTGRES_CELLS: readonly TestCell[] = [
  { id: 'histories', file: 'test/simulation/postgres-position.test.ts', test: 'SP1 to SP6' },
  { id: 'sent ahead', file: POSITION, test: 'SP3 a transaction that is sent before the one in front is answered' },
  { id: 'taken for dead', file: POSITION, test: 'SP3 one that was taken for dead, and lives' },
  { id: 'cut COMMIT', file: POSITION, test: 'SP3 a COMMIT whose answer was cut' },
  { id: 'judgement', file: 'test/unit/postgres/sink/position/judge-position.test.ts', test: "another store's" },
  { id: 'queue at a stop', file: SOURCES, test: 'the server at a stop costs a queue no row' },
  { id: 'writers', file: SOURCES, test: 'CW1 a row is given only when' },
  {
    id: 'crashing row',
    file: 'test/integration/postgres-sink-migrations.test.ts',
    test: 'BW4 a server that is stopped',
  },
];

const POSITION_SQL = 'src/postgres/sink/position/position-sql.ts';
const QUEUE_WORK = 'src/postgres/source/queue/queue-work.ts';
const POSITION_TABLE = 'src/postgres/sink/position/position-table.ts';

/** One for each rule that a row is in, or given, once by. */
export const POSTGRES_MUTANTS: readonly Mutant[] = [
  {
    id: 'P1',
    title: 'moves the position from wherever it is',
    caughtBy: 'sent ahead',
    patches: [{ file: POSITION_SQL, find: 'AND seq = $1::bigint RETURNING', replace: 'AND $1::bigint >= 0 RETURNING' }],
  },
  {
    id: 'P2',
    title: 'moves the position of another opening',
    caughtBy: 'taken for dead',
    patches: [
      {
        file: POSITION_SQL,
        find: 'AND epoch = $4::bigint AND token = $5::uuid AND',
        replace: 'AND $4::bigint > 0 AND $5::uuid IS NOT NULL AND',
      },
    ],
  },
  {
    id: 'P3',
    title: "takes another store's position for its own",
    caughtBy: 'judgement',
    patches: [
      {
        file: 'src/postgres/sink/position/judge-position.ts',
        find: 'if (record === undefined || position.identity !== record.identity)',
        replace: 'if (record === undefined)',
      },
    ],
  },
  {
    id: 'P4',
    title: 'opens the position without a new epoch',
    caughtBy: 'histories',
    patches: [
      {
        file: POSITION_TABLE,
        find: 'position: { ...planned, identity, seq, refused },',
        replace: 'position: { ...planned, ...(found ?? {}), identity, seq, refused },',
      },
    ],
  },
  {
    id: 'P5',
    title: 'writes rows again of whose COMMIT it has not heard',
    caughtBy: 'cut COMMIT',
    patches: [
      {
        file: POSITION_TABLE,
        find: "const { seq, refused } = verdict.kind === 'resume' ? verdict.position : verdict;",
        replace:
          "const { refused } = verdict.kind === 'resume' ? verdict.position : verdict;\n    const seq = verdict.kind === 'resume' ? marks.low : verdict.seq;",
      },
    ],
  },
  {
    id: 'P6',
    title: 'lets the database have an opening before the store has it',
    caughtBy: 'histories',
    patches: [
      {
        file: POSITION_TABLE,
        find: '    await this.#parts.record.put(next.record);\n',
        replace: '',
      },
      {
        file: POSITION_TABLE,
        find: "    await client.run('COMMIT');\n    this.#position = next.position;",
        replace:
          "    await client.run('COMMIT');\n    await this.#parts.record.put(next.record);\n    this.#position = next.position;",
      },
    ],
  },
  {
    id: 'P7',
    title: 'passes a refused row without a note of it beside the position',
    caughtBy: 'histories',
    patches: [
      {
        file: 'src/postgres/sink/outbox/exact-rows.ts',
        find: 'refused: [...outbox.refused, refused] }',
        replace: 'refused: outbox.refused }',
      },
    ],
  },
  {
    id: 'P8',
    title: 'gives rows of a queue whose claim is committed only when they are done',
    caughtBy: 'queue at a stop',
    patches: [
      {
        file: QUEUE_WORK,
        find: 'const rows = keyedRows(await client.query({ text: claim, values }));',
        replace: "await client.run('BEGIN');\n    const rows = keyedRows(await client.query({ text: claim, values }));",
      },
      {
        file: QUEUE_WORK,
        find: '    book.finished(covered);',
        replace: "    await client.run('COMMIT');\n    book.finished(covered);",
      },
    ],
  },
  {
    id: 'P9',
    title: 'gives added rows while a transaction is open that can put one before them',
    caughtBy: 'writers',
    patches: [
      {
        file: 'src/postgres/source/changes/changes-work.ts',
        find: 'let before = await this.#writers(client);',
        replace: 'let before = new Map(await this.#writers(client).then(() => []));',
      },
    ],
  },
  {
    id: 'P10',
    title: 'takes a stop of the server for a crash by the row that was alone',
    caughtBy: 'crashing row',
    patches: [
      {
        file: 'src/postgres/sink/writing/batch-work.ts',
        find: ' && !client.isDismissed;',
        replace: ';',
      },
    ],
  },
];
