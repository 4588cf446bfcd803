import { corruptState } from '../../../errors/corrupt-state.js';
import type { MillraceError } from '../../../errors/index.js';
import { joinBytes } from '../../../internal/join-bytes.js';
import { NO_OUTBOX, type PieceMessage, type ProbeMessage, type RowsMessage } from './edge-message.js';

/** What a sender sends. */
export type SentMessage = RowsMessage | PieceMessage | ProbeMessage;

/** What became of a message. */
export interface Received {
  /** Rows that came next, in their order. */
  readonly rows: readonly Uint8Array[];
  /** Of the first of them. */
  readonly seq: number;
  /** The sender has to be told how far we are. `again`: what it sent does not follow on what came before. */
  readonly answer: 'none' | 'status' | 'again';
}

/**
 * What has come from one sender.
 *
 * C5. It is exactly a prefix of the sender's rows, each once: a message is taken where it begins at or below the row that comes next, and what
 *     it repeats is dropped. One that begins above it is dropped as a whole: the sender goes back.
 */
export class EdgeInbox {
  readonly #from: number;
  #outbox: number;
  #taken: number;
  /** The front of the row that comes next, as far as it has come. */
  #pieces: Uint8Array[] = [];
  #pieceBytes = 0;
  /** It was told once that what comes next is missing. */
  #asked = false;
  #suspicion: MillraceError | undefined;

  constructor(from: number, { outbox, next }: Omit<SenderState, 'ended'>) {
    this.#from = from;
    this.#outbox = outbox;
    this.#taken = next;
  }

  /** Which outbox the rows are of. */
  get outbox(): number {
    return this.#outbox;
  }

  /** Every row below has come. */
  get taken(): number {
    return this.#taken;
  }

  /**
   * Why what we have cannot be: the sender says that we have committed rows which we do not have, or its rows are of another outbox. Either
   * records are lost, or another node owns this partition now and has committed more: which of the two, the next commit says.
   */
  get suspicion(): MillraceError | undefined {
    return this.#suspicion;
  }

  receive(message: SentMessage): Received {
    const nothing = { rows: [], seq: this.#taken, answer: 'none' } as const;
    if (!this.#follows(message)) return nothing;
    if (message.type === 'probe') return { ...nothing, answer: message.sent > this.#taken ? 'again' : 'status' };
    if (message.seq > this.#taken) return { ...nothing, answer: this.#gap() };
    return message.type === 'rows' ? this.#takeRows(message) : this.#takePiece(message);
  }

  #takeRows({ seq, rows }: RowsMessage): Received {
    const fresh = rows.slice(this.#taken - seq);
    const first = this.#taken;
    if (fresh.length === 0) return { rows: [], seq: first, answer: 'status' };
    this.#take(fresh.length);
    return { rows: fresh, seq: first, answer: 'none' };
  }

  /** As of rows, so of the bytes of one: what of a piece comes next is taken. */
  #takePiece({ seq, offset, size, bytes }: PieceMessage): Received {
    const first = this.#taken;
    const nothing = { rows: [], seq: first, answer: 'none' } as const;
    const end = offset + bytes.byteLength;
    if (seq < first) return { ...nothing, answer: end === size ? 'status' : 'none' };
    if (offset > this.#pieceBytes) return { ...nothing, answer: this.#gap() };
    if (end <= this.#pieceBytes) return nothing;
    this.#pieces.push(bytes.subarray(this.#pieceBytes - offset));
    this.#pieceBytes = end;
    this.#asked = false;
    if (end < size) return nothing;
    const row = joinBytes(this.#pieces);
    this.#take(1);
    return { rows: [row], seq: first, answer: 'none' };
  }

  #take(rows: number): void {
    this.#taken += rows;
    this.#pieces = [];
    this.#pieceBytes = 0;
    this.#asked = false;
  }

  /** Once: what is on its way behind it does not follow either. One that is lost is asked for by the sender's probe. */
  #gap(): 'none' | 'again' {
    const answer = this.#asked ? 'none' : 'again';
    this.#asked = true;
    return answer;
  }

  #follows({ outbox, low }: SentMessage): boolean {
    if (this.#outbox === NO_OUTBOX && low === 0) this.#outbox = outbox;
    if (this.#outbox !== NO_OUTBOX && this.#outbox !== outbox) this.#suspicion = otherOutbox(this.#from);
    else if (low > this.#taken) this.#suspicion = rowsMissing(this.#from, this.#taken, low);
    else return true;
    return false;
  }
}

/** What is stored about a sender. */
export interface SenderState {
  readonly outbox: number;
  /** Every row below is in a commit. */
  readonly next: number;
  /** The generation of the job in which the last end among them was put; 0: there is none. */
  readonly ended: number;
}

const ADVICE =
  'A log of this job has lost records, or was made anew. Restore the logs of all partitions from one backup, or start the job under another name.';

const rowsMissing = (from: number, taken: number, low: number): MillraceError =>
  corruptState(
    `rows ${taken} to ${low - 1} of partition ${from} are missing: they were committed here, and the store does not have them. ${ADVICE}`,
  );

const otherOutbox = (from: number): MillraceError =>
  corruptState(`partition ${from} sends rows of another outbox than the one whose rows are in the store. ${ADVICE}`);
