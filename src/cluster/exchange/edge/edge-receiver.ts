import type { MillraceError } from '../../../errors/index.js';
import { present } from '../../../internal/present.js';
import { Ring } from '../../../internal/ring.js';
import { EdgeInbox, type SenderState, type SentMessage } from './edge-inbox.js';
import { NO_OUTBOX, type StatusMessage } from './edge-message.js';
import { heldRowBytes } from './held-row-bytes.js';
import { endOf } from './row-kind.js';

/** What a commit has of all senders. */
export interface ReceiverState {
  /** By the index of their partition. */
  readonly senders: readonly SenderState[];
}

export interface EdgeReceiverOptions {
  /** The partition that receives. */
  readonly to: number;
  /** How many send, this one among them. */
  readonly partitions: number;
  /** Of this opening alone, below 2^48. */
  readonly reader: number;
  /** As the last commit has it; undefined for none. */
  readonly restored: ReceiverState | undefined;
  /** What rows may take that wait for the pipeline, of each sender; one row may be larger. What comes above is dropped, and comes again. */
  readonly maxBufferedBytes: number;
}

/** A status, and the partition that it is for. */
export interface Answer {
  readonly to: number;
  readonly status: StatusMessage;
}

/** Rows of one sender that came together; its front is taken off. */
interface Run {
  readonly from: number;
  /** Of its first row. */
  seq: number;
  rows: readonly Uint8Array[];
}

/** Where rows of a sender stand among what was polled; its front is taken off. */
interface PolledRun {
  readonly from: number;
  /** Of its first row. */
  seq: number;
  /** The position of that. */
  first: number;
  readonly last: number;
  /** It is one row, an end of that generation. */
  readonly end: number | undefined;
}

/** How far a sender is. */
type Reached = Omit<SenderState, 'outbox'>;

/** What `poll` gives. */
export interface PolledRows {
  /** Items; none where what was polled is an end. */
  readonly rows: readonly Uint8Array[];
  readonly bytes: number;
  /** The position of the first row. */
  readonly first: number;
  readonly last: number;
}

const INBOX = 'each partition has an inbox';

/** Takes rows of all senders for one partition, gives them to the pipeline, and tells the senders what is committed. Pure. */
export class EdgeReceiver {
  readonly #options: EdgeReceiverOptions;
  readonly #inboxes: readonly EdgeInbox[];
  readonly #buffered = new Ring<Run>();
  /** By sender. */
  readonly #bufferedBytes: number[];
  /** Of the last row that was polled. */
  #position = -1;
  readonly #polled = new Ring<PolledRun>();
  /** By sender: every row below is in a commit that was made, or is told to be durable. */
  readonly #covered: Reached[];
  readonly #told: Reached[];
  #mark = 0;
  /** What commits that are under way will make durable. */
  readonly #sealed = new Ring<readonly Reached[]>();
  /** The first that came up in an inbox. */
  #suspicion: MillraceError | undefined;
  /** What was suspected when they were made. */
  #suspected: { readonly mark: number; readonly error: MillraceError } | undefined;

  constructor(options: EdgeReceiverOptions) {
    this.#options = options;
    const { partitions, restored } = options;
    const states = Array.from({ length: partitions }, (_, from) => restored?.senders[from] ?? NOTHING);
    this.#inboxes = states.map((state, from) => new EdgeInbox(from, state));
    this.#bufferedBytes = states.map(() => 0);
    this.#covered = states.map(({ next, ended }) => ({ next, ended }));
    this.#told = [...this.#covered];
  }

  /** Whether a poll would give something. */
  get hasRows(): boolean {
    return this.#buffered.size > 0;
  }

  /** Something is wrong with what we have, or somebody else has it: a commit is wanted, to know which. */
  get isSuspicious(): boolean {
    return this.#suspected === undefined && this.#suspicion !== undefined;
  }

  /** Every sender has ended in that generation of the job, and commits that are durable have all that it sent. */
  hasEnded(generation: number): boolean {
    return this.#told.every(({ ended }) => ended === generation);
  }

  /** What each sender is told when the partition is opened: it may have sent to the owner before. */
  greet(): readonly Answer[] {
    return this.#inboxes.map((_, from) => this.#answer(from, true));
  }

  /** @returns what the sender is told, if anything */
  receive(message: SentMessage): Answer | undefined {
    const { from } = message;
    const inbox = this.#inboxes[from];
    if (inbox === undefined) return undefined;
    const isFull = this.#isFull(from);
    if (isFull && message.type !== 'probe') return undefined;
    const { rows, seq, answer } = inbox.receive(message);
    this.#suspicion ??= inbox.suspicion;
    if (rows.length > 0) {
      this.#buffered.push({ from, seq, rows });
      this.#bufferedBytes[from] = this.#bufferedOf(from) + heldBytes(rows);
    }
    // what is asked for while there is no room would come in vain
    return answer === 'none' ? undefined : this.#answer(from, answer === 'again' && !isFull);
  }

  /** The oldest rows, in the order in which they came; an end is polled alone, and takes a position. */
  poll(max: number): PolledRows {
    const first = this.#position + 1;
    const rows: Uint8Array[] = [];
    let bytes = 0;
    while (rows.length < max) {
      const run = this.#buffered.peek();
      if (run === undefined) break;
      const { from, seq } = run;
      const end = frontEnd(run);
      if (end !== undefined && rows.length > 0) break;
      const taken = this.#takeFrom(run, end === undefined ? max - rows.length : 1);
      this.#polled.push({ from, seq, first: this.#position + 1, last: this.#position + taken.length, end });
      this.#position += taken.length;
      this.#bufferedBytes[from] = this.#bufferedOf(from) - heldBytes(taken);
      bytes += bytesOf(taken);
      if (end !== undefined) break;
      for (const row of taken) rows.push(row);
    }
    return { rows, bytes, first, last: this.#position };
  }

  /** What belongs into a commit that covers what was polled up to a position. */
  snapshot(upTo: number): { readonly mark: number; readonly state: ReceiverState } {
    this.#cover(upTo);
    const covered = [...this.#covered];
    const mark = this.#mark;
    this.#mark += 1;
    this.#sealed.put(mark, covered);
    if (this.#suspicion !== undefined) this.#suspected ??= { mark, error: this.#suspicion };
    const senders = covered.map(({ next, ended }, from) => ({
      outbox: next === 0 ? NO_OUTBOX : this.#inboxOf(from).outbox,
      next,
      ended,
    }));
    return { mark, state: { senders } };
  }

  /**
   * The commit with this mark, and those before it, are durable: so this partition was still ours when it was made.
   * @throws MillraceError STORE_CORRUPT where what we have cannot be, and the partition is ours
   * @returns what the senders are told
   */
  committed(mark: number): readonly Answer[] {
    if (this.#suspected !== undefined && this.#suspected.mark <= mark) throw this.#suspected.error;
    const answers: Answer[] = [];
    let covered: readonly Reached[] | undefined;
    while (this.#sealed.size > 0 && this.#sealed.first <= mark) covered = this.#sealed.shift();
    covered?.forEach((reached, from) => {
      if (reached.next <= this.#toldOf(from).next) return;
      this.#told[from] = reached;
      answers.push(this.#answer(from, false));
    });
    return answers;
  }

  /** Not across an end. */
  #takeFrom(run: Run, max: number): readonly Uint8Array[] {
    const most = run.rows.slice(0, max);
    const end = most.findIndex((row, index) => index > 0 && endOf(row) !== undefined);
    const taken = end === -1 ? most : most.slice(0, end);
    run.seq += taken.length;
    run.rows = run.rows.slice(taken.length);
    if (run.rows.length === 0) this.#buffered.shift();
    return taken;
  }

  /** A commit may end amid what was polled together. */
  #cover(upTo: number): void {
    for (let run = this.#polled.peek(); run !== undefined && run.first <= upTo; run = this.#polled.peek()) {
      const rows = Math.min(run.last, upTo) - run.first + 1;
      run.seq += rows;
      run.first += rows;
      const { ended } = present(this.#covered[run.from], INBOX);
      this.#covered[run.from] = { next: run.seq, ended: run.end ?? ended };
      if (run.first > run.last) this.#polled.shift();
    }
  }

  #answer(to: number, again: boolean): Answer {
    const { outbox, taken } = this.#inboxOf(to);
    const { to: own, reader } = this.#options;
    const { next: committed } = this.#toldOf(to);
    return { to, status: { type: 'status', to: own, outbox, reader, taken, committed, again } };
  }

  #toldOf(from: number): Reached {
    return present(this.#told[from], INBOX);
  }

  #isFull(from: number): boolean {
    return this.#bufferedOf(from) >= this.#options.maxBufferedBytes;
  }

  #bufferedOf(from: number): number {
    return this.#bufferedBytes[from] ?? 0;
  }

  #inboxOf(from: number): EdgeInbox {
    return present(this.#inboxes[from], INBOX);
  }
}

const NOTHING: SenderState = { outbox: NO_OUTBOX, next: 0, ended: 0 };

/** The generation of the end that is the first row. */
const frontEnd = ({ rows: [first] }: Run): number | undefined => (first === undefined ? undefined : endOf(first));

const heldBytes = (rows: readonly Uint8Array[]): number => rows.reduce((sum, row) => sum + heldRowBytes(row), 0);

const bytesOf = (rows: readonly Uint8Array[]): number => rows.reduce((sum, { byteLength }) => sum + byteLength, 0);
