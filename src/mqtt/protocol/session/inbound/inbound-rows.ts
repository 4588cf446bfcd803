import { Ring } from '../../../../internal/ring.js';
import { NO_DIGEST } from '../finished/message-digest.js';
import type { MessageDigests } from '../finished/message-digests.js';
import type { InboundRow, InboundStage } from '../session-state.js';
import { IdColumn } from './id-column.js';
import { PubrecQueue, type QueueEntry } from './pubrec-queue.js';

/** A QoS 2 message that was received and whose id is not released. */
export interface InboundMessage extends QueueEntry {
  /** In use until the row is removed (R3). */
  readonly packetId: number;
  /** Above those of all earlier messages, at any QoS. */
  readonly token: number;
  /** The connection on which it came; 0 for one given at birth. */
  readonly takenOn: number;
  /** Of its PUBREC. */
  readonly reasonCode: number;
  /** See `messageDigest`; `NO_DIGEST` for one that is not known. */
  readonly digest: number;
  /** The message that came under the same id before this one was finished. */
  next: InboundMessage | undefined;
  /** Where its flow is: `INBOUND_QOS2`. */
  stage: InboundStage;
  /** The connection on which its PUBREC went out and its PUBREL has not come; 0 for none. */
  answeredOn: number;
  /** The connection on which its PUBREC went out; 0 for none. */
  openOn: number;
  /** The connection on which its latest PUBREL came; 0 for none. */
  releasedOn: number;
}

type NewParts = Pick<InboundMessage, 'reasonCode' | 'digest' | 'takenOn'>;

/** Fewer are not worth the work of taking them out. */
const COMPACT_AT = 1024;

/**
 * The inbound QoS 2 messages of an epoch, by id and by token. No maps: what comes and goes with every message costs an index here.
 *
 * An id has one message, or several in the order in which they came (R2c): what the server says of the id is about the first.
 */
export class InboundRows {
  /** Of their PUBRECs. */
  readonly queue = new PubrecQueue();
  /** The first of each packet id, without holes, up to the highest that was there: most sessions receive few at QoS 2, or none. */
  readonly #byId: (InboundMessage | undefined)[] = [];
  /** By ascending token. Those that are gone stay until they are most of it. */
  #rows: InboundMessage[] = [];
  /** Beside the rows: their packet ids, none for those that are gone or whose PUBREL has come. */
  readonly #unreleased = new IdColumn();
  /** Those whose PUBREL has come, in the order of that. Those that are gone stay behind one that is not, as long as in `#rows`. */
  readonly #released = new Ring<InboundMessage>();
  #size = 0;
  #releasesOwed = 0;
  #open = 0;
  #connection = 1;

  get size(): number {
    return this.#size;
  }

  /** Rows whose PUBREC went out on this connection, and whose PUBREL has not come. */
  get releasesOwed(): number {
    return this.#releasesOwed;
  }

  /** Rows whose PUBREC went out on this connection: what the server may count as unfinished. */
  get open(): number {
    return this.#open;
  }

  /** At birth, before anything else. */
  restore(rows: readonly InboundRow[], digests: Pick<MessageDigests, 'get'>): void {
    for (const row of [...rows].sort((a, b) => a.token - b.token)) {
      // of several, the stored one is that of the first whose PUBREL has not come
      const before = this.#byId[row.packetId]?.stage ?? 'releasing';
      const stored = before === 'releasing' && row.stage !== 'releasing';
      const digest = stored ? digests.get(row.packetId) : NO_DIGEST;
      this.#set(row, { reasonCode: 0, digest, takenOn: 0 });
    }
  }

  /** The first one with this id. */
  get(packetId: number): InboundMessage | undefined {
    return this.#byId[packetId];
  }

  /** undefined for one that is gone, or was of another QoS. */
  byToken(token: number): InboundMessage | undefined {
    const row = this.#rows[this.#indexOf(token)];
    return row?.token === token && !row.gone ? row : undefined;
  }

  /** A new message with a token above all earlier ones, whose PUBREC is due after those of all before it. */
  add(packetId: number, token: number, { reasonCode, digest }: Pick<InboundMessage, 'reasonCode' | 'digest'>): void {
    // the id means this message now
    if (this.#byId[packetId] === undefined) this.queue.dropCopy(packetId);
    const row = this.#set({ packetId, token, stage: 'taken' }, { reasonCode, digest, takenOn: this.#connection });
    this.queue.push(row);
  }

  /** What a copy that was held back is in the end: one of this row. Where that waits for its owner, so does the answer. */
  settleCopy(packetId: number): void {
    if (this.#byId[packetId]?.stage === 'taken') this.queue.dropCopy(packetId);
    else this.queue.acceptCopy(packetId);
  }

  /** The id is that of a message which came on an earlier connection. */
  isOfEarlier(packetId: number): boolean {
    const row = this.#byId[packetId];
    return row !== undefined && row.takenOn !== this.#connection;
  }

  /** PUBREC went out. */
  markAnswered(packetId: number): void {
    const row = this.#byId[packetId];
    if (row === undefined || row.answeredOn === this.#connection || row.releasedOn === this.#connection) return;
    row.answeredOn = this.#connection;
    row.openOn = this.#connection;
    this.#releasesOwed += 1;
    this.#open += 1;
  }

  /** Where it waits for its PUBREC it is passed over from now on. */
  remove(row: InboundMessage): void {
    row.gone = true;
    this.#settleAnswered(row);
    if (row.openOn === this.#connection) this.#open -= 1;
    this.#unreleased.set(this.#indexOf(row.token), 0);
    this.#forgetReleased();
    this.#unlink(row);
    this.#size -= 1;
    // when most of them are gone, what it costs is shared by as many removals
    const gone = this.#rows.length - this.#size;
    if (gone >= COMPACT_AT && gone > this.#size) this.#compact();
  }

  /** All with this id, and what waits in the queue for a copy. */
  removeAll(packetId: number): void {
    this.queue.dropCopy(packetId);
    for (let row = this.#byId[packetId]; row !== undefined; row = this.#byId[packetId]) this.remove(row);
  }

  /** The one whose PUBREC has said so. */
  removeRefused(packetId: number, reasonCode: number): void {
    let row = this.#byId[packetId];
    while (row !== undefined && row.reasonCode !== reasonCode) row = row.next;
    if (row !== undefined) this.remove(row);
  }

  /** Notes a PUBREL; false when one came on this connection before. */
  markReleased(row: InboundMessage): boolean {
    if (row.releasedOn === this.#connection) return false;
    this.#takeReleased(row, this.#indexOf(row.token));
    row.releasedOn = this.#connection;
    this.#settleAnswered(row);
    return true;
  }

  isReleasedHere(row: InboundMessage): boolean {
    return row.releasedOn === this.#connection;
  }

  /** What is due on a connection is due on no other (R14a). */
  nextConnection(): void {
    this.#connection += 1;
    this.#releasesOwed = 0;
    this.#open = 0;
    this.queue.nextConnection();
  }

  /** Only what came on the present connection stays. */
  dropEarlier(): void {
    for (const row of this.#rows.filter(({ gone, takenOn }) => !gone && takenOn !== this.#connection)) this.remove(row);
    this.queue.dropCopies();
  }

  toRows(): InboundRow[] {
    return this.#rows.filter(({ gone }) => !gone).map(({ packetId, token, stage }) => ({ packetId, token, stage }));
  }

  /** Packet ids, in order of arrival and as runs, of the rows up to this token whose PUBREL has not come. */
  idRunsThrough(token: number): Uint16Array {
    return this.#unreleased.runs(this.#indexOf(token + 1));
  }

  /** The packet ids of those whose PUBREL has come, and that no other message has: what a commit forgets (R3). */
  released(): number[] {
    const ids: number[] = [];
    for (const { packetId, next, gone } of this.#released) if (!gone && next === undefined) ids.push(packetId);
    return ids;
  }

  #set({ packetId, token, stage }: InboundRow, { reasonCode, digest, takenOn }: NewParts): InboundMessage {
    for (let id = this.#byId.length; id <= packetId; id += 1) this.#byId.push(undefined);
    // no spread: it takes five times as long, and there is one for each message that a session has open
    const row: InboundMessage = {
      packetId,
      token,
      takenOn,
      reasonCode,
      digest,
      next: undefined,
      stage,
      queuedOn: 0,
      answeredOn: 0,
      openOn: 0,
      releasedOn: 0,
      gone: false,
    };
    let last = this.#byId[packetId];
    while (last?.next !== undefined) last = last.next;
    if (last === undefined) this.#byId[packetId] = row;
    else last.next = row;
    this.#unreleased.set(this.#rows.length, packetId);
    if (stage === 'releasing') this.#takeReleased(row, this.#rows.length);
    this.#rows.push(row);
    this.#size += 1;
    return row;
  }

  #settleAnswered(row: InboundMessage): void {
    if (row.answeredOn === this.#connection) this.#releasesOwed -= 1;
    row.answeredOn = 0;
  }

  /** Once, however often its PUBREL comes. */
  #takeReleased(row: InboundMessage, index: number): void {
    if (!this.#unreleased.has(index)) return;
    this.#unreleased.set(index, 0);
    this.#released.push(row);
  }

  #forgetReleased(): void {
    while (this.#released.peek()?.gone === true) this.#released.shift();
  }

  #unlink(row: InboundMessage): void {
    let before = this.#byId[row.packetId];
    if (before === row) this.#byId[row.packetId] = row.next;
    while (before !== undefined && before.next !== row) before = before.next;
    if (before !== undefined) before.next = row.next;
  }

  #compact(): void {
    const kept: number[] = [];
    const rows: InboundMessage[] = [];
    for (let index = 0; index < this.#rows.length; index += 1) {
      const row = this.#rows[index];
      if (row === undefined || row.gone) continue;
      kept.push(index);
      rows.push(row);
    }
    this.#unreleased.keep(kept);
    this.#rows = rows;
    const released = [...this.#released].filter(({ gone }) => !gone);
    this.#released.clear();
    for (const row of released) this.#released.push(row);
  }

  /** Where the row is, or the first one above it. Tokens of QoS 2 alone have no gaps, so the first guess is right. */
  #indexOf(token: number): number {
    const first = this.#rows[0]?.token ?? 0;
    const last = this.#rows.at(-1)?.token ?? -1;
    if (token > last) return this.#rows.length;
    const guess = token - first;
    return this.#rows[guess]?.token === token ? guess : this.#search(token);
  }

  #search(token: number): number {
    let low = 0;
    let high = this.#rows.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#rows[middle]?.token ?? 0) < token) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
