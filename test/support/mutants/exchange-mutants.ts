import type { TestCell } from './mutant-cell.js';
import type { Mutant } from './mutants.js';

const HISTORIES = 'test/simulation/exchange-histories.test.ts';
const TICK_TEST = 'test/unit/engine/durable/durable-tick.test.ts';
const SENDER_TEST = 'test/unit/cluster/exchange/edge/edge-sender.test.ts';
/** As many in each run, so that a cell takes seconds. */
const env = { MILLRACE_HISTORIES: '400' };

/** The cells of what goes between partitions. */
export const EXCHANGE_CELLS: readonly TestCell[] = [
  { id: 'lossy edge', file: HISTORIES, test: 'over a network that loses, doubles and delays', env },
  { id: 'edge of zombies', file: HISTORIES, test: 'beside those that were taken over', env },
  { id: 'two receivers', file: SENDER_TEST, test: 'ED4: is not sent again because two receivers speak' },
  { id: 'edge of takeovers', file: HISTORIES, test: 'while partitions are killed and opened', env },
  { id: 'end of a sink', file: TICK_TEST, test: 'is in a commit once its sources have ended' },
  { id: 'lost status', file: SENDER_TEST, test: 'so that a lost status stops nothing' },
];

const INBOX = 'src/cluster/exchange/edge/edge-inbox.ts';
const SENDER = 'src/cluster/exchange/edge/edge-sender.ts';
const RECEIVER = 'src/cluster/exchange/edge/edge-receiver.ts';
const OUTBOX = 'src/cluster/exchange/exchange-outbox.ts';
const TICK = 'src/engine/durable/durable-tick.ts';

/** One for each way in which rows between partitions could be lost, doubled, or sent without end. */
export const EXCHANGE_MUTANTS: readonly Mutant[] = [
  {
    id: 'E1',
    title: 'tells a sender what is committed before it is durable',
    caughtBy: 'lossy edge',
    patches: [
      {
        file: RECEIVER,
        find: 'const { next: committed } = this.#toldOf(to);',
        replace: 'const { next: committed } = present(this.#covered[to], INBOX);',
      },
    ],
  },
  {
    id: 'E2',
    title: 'takes rows that begin above the one that comes next',
    caughtBy: 'lossy edge',
    patches: [
      {
        file: INBOX,
        find: '    if (message.seq > this.#taken) return { ...nothing, answer: this.#gap() };\n',
        replace: '',
      },
    ],
  },
  {
    id: 'E3',
    title: 'takes rows that it has once more',
    caughtBy: 'lossy edge',
    patches: [{ file: INBOX, find: 'const fresh = rows.slice(this.#taken - seq);', replace: 'const fresh = rows;' }],
  },
  {
    id: 'E4',
    title: 'completes rows that have come and are in no commit',
    caughtBy: 'lossy edge',
    patches: [{ file: SENDER, find: 'this.#complete(committed);', replace: 'this.#complete(taken);' }],
  },
  {
    id: 'E5',
    title: 'fails the job for what a receiver that was taken over suspects',
    caughtBy: 'edge of zombies',
    patches: [
      {
        file: RECEIVER,
        find: 'if (this.#suspicion !== undefined) this.#suspected ??= { mark, error: this.#suspicion };',
        replace: 'if (this.#suspicion !== undefined) throw this.#suspicion;',
      },
    ],
  },
  {
    id: 'E6',
    title: 'fails the job for what a sender that was taken over suspects',
    caughtBy: 'edge of zombies',
    patches: [
      {
        file: OUTBOX,
        find: 'if (this.#edge.committed > end) this.#suspectedAt ??= mark;',
        replace: 'if (this.#edge.committed > end) throw rowsLost(this.#to, end, this.#edge.committed);',
      },
    ],
  },
  {
    id: 'E7',
    title: 'sends again for every receiver that is behind, asked or not',
    caughtBy: 'two receivers',
    patches: [{ file: SENDER, find: 'if (again) this.#sent', replace: 'if (again || taken < this.#sent) this.#sent' }],
  },
  {
    id: 'E8',
    title: 'asks for nothing that an earlier owner has sent',
    caughtBy: 'lost status',
    patches: [
      {
        file: SENDER,
        find: 'else if (this.#askAt === Number.POSITIVE_INFINITY) this.#askAt',
        replace: 'else if (this.#askAt === Number.POSITIVE_INFINITY && messages.length > 0) this.#askAt',
      },
    ],
  },
  {
    // what a message id would do, by which servers keep a second copy back
    id: 'E9',
    title: 'takes what comes again for a copy, although it dropped the first one',
    caughtBy: 'lossy edge',
    patches: [
      {
        file: INBOX,
        find: '    if (message.seq > this.#taken) return { ...nothing, answer: this.#gap() };\n',
        replace:
          '    if (this.#dropped.has(message.seq)) return nothing;\n    if (message.seq > this.#taken) {\n      this.#dropped.add(message.seq);\n      return { ...nothing, answer: this.#gap() };\n    }\n',
      },
      {
        file: INBOX,
        find: '  receive(message: SentMessage): Received {\n',
        replace: '  readonly #dropped = new Set<number>();\n\n  receive(message: SentMessage): Received {\n',
      },
    ],
  },
  {
    id: 'E10',
    title: 'forgets that it has stored its end, and puts it once more after a takeover',
    caughtBy: 'edge of takeovers',
    patches: [{ file: OUTBOX, find: 'this.#ended = ended;', replace: 'this.#ended = 0 * ended;' }],
  },
  {
    id: 'E11',
    title: 'forgets at a takeover who has ended',
    caughtBy: 'edge of takeovers',
    patches: [
      {
        file: RECEIVER,
        find: 'states.map(({ next, ended }) => ({ next, ended }));',
        replace: 'states.map(({ next, ended }) => ({ next, ended: 0 * ended }));',
      },
    ],
  },
  {
    id: 'E12',
    title: 'takes for the end what has ended before the job was begun again',
    caughtBy: 'edge of takeovers',
    patches: [
      {
        file: RECEIVER,
        find: 'this.#told.every(({ ended }) => ended === generation)',
        replace: 'this.#told.every(({ ended }) => ended > 0 && ended <= generation)',
      },
    ],
  },
  {
    id: 'E13',
    title: 'puts an end behind sources that have not ended',
    caughtBy: 'end of a sink',
    patches: [{ file: TICK, find: 'sink.hasEnd && lanes.finishedBefore(index)', replace: 'sink.hasEnd && lanes.idle' }],
  },
];
