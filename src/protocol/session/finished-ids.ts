import { BrokerCounter, type CounterState, UNKNOWN_COUNTER } from './broker-counter.js';
import { NO_DIGEST } from './message-digest.js';

/** Above it the oldest leave: an id so far behind the newest is told from none ahead of it. */
const MOST = 32_767;
/** Fewer are not worth the work of taking them out. */
const COMPACT_AT = 1024;

/** Ids with the digests of the messages that had them last, in the same order. */
export interface FinishedState {
  readonly ids: Uint16Array;
  readonly digests: Int32Array;
}

/**
 * What a PUBLISH with DUP 1 is, whose id no message has. `copy`: of a finished message. `suspect`: new, as far as can be told, but with
 * the bytes of the finished message that had its id, or with others at a broker that counts. A broker that does not count uses ids
 * again at once, and another message with such an id is just new.
 */
export type Recognition = 'new' | 'copy' | 'suspect';

/**
 * R2b: the QoS 2 ids that are finished here while the broker may not know it. mosquitto sends such a message once more, as PUBLISH with
 * DUP 1, when two connections ended at the wrong moments. The invariants:
 * F1. An id comes in when R3 forgets it, and leaves when the broker has shown that it processed the PUBCOMP (`fence`), or passed it
 *     over: re-sends come before anything new [MQTT-4.6.0-1], so a fence on a later connection, after a new message came there, ends
 *     what was not re-sent. What was, is under way again, and stays until the fence behind its new PUBCOMP.
 * F2. What is remembered is asked only for DUP 1. A copy has (a) an id that is here, (b) the digest that it had, (c) a broker whose
 *     ids count (`BrokerCounter`).
 * F3. When the broker's counter is not ahead, or an id in use comes for another message, all is forgotten: better double than lose.
 *     What may be a copy and cannot be told is new, and said each time: nothing is forgotten because of it.
 */
export class FinishedIds {
  /** Finished on earlier connections, or without a PUBCOMP on this one. */
  readonly #earlier = new Map<number, number>();
  /** They came again on this connection, and their PUBREL has not. */
  readonly #again = new Map<number, number>();
  /** Their PUBCOMP was written on this connection, in this order. */
  #ids: number[] = [];
  #digests: number[] = [];
  #head = 0;
  /** How many have left `#ids` at its head, ever: the index of a PUBCOMP is that of its id and this. */
  #passed = 0;
  readonly #counter: BrokerCounter;
  /** A new message came on this connection. */
  #newCame = false;

  constructor(state: FinishedState | undefined, counter: CounterState = UNKNOWN_COUNTER) {
    this.#counter = new BrokerCounter(counter);
    state?.ids.forEach((id, at) => {
      this.#earlier.set(id, state.digests[at] ?? NO_DIGEST);
    });
  }

  /** PUBCOMPs written, ever: a mark for `fence`. */
  get written(): number {
    return this.#passed + this.unfenced;
  }

  /** Of these, how many are behind a fence, or of earlier connections. */
  get passed(): number {
    return this.#passed;
  }

  /** PUBCOMPs of this connection that no fence is behind. */
  get unfenced(): number {
    return this.#ids.length - this.#head;
  }

  get size(): number {
    return this.#earlier.size + this.#again.size + this.unfenced;
  }

  /** The first fence is worth more than the others: it shows an id that is free. */
  get wantsFence(): boolean {
    return this.#counter.lacksFree;
  }

  counter(): CounterState {
    return this.#counter.state();
  }

  /** A PUBLISH with an id that no message has, at any QoS, except a copy. */
  observe(packetId: number, dup: boolean): void {
    if (!this.#counter.observe(packetId, dup)) this.#clear();
    else if (!dup) this.#newCame = true;
  }

  /** To be asked before `observe`, for a PUBLISH with DUP 1. */
  recognise(packetId: number, digest: () => number): Recognition {
    const known = this.#digestOf(packetId);
    if (known === NO_DIGEST) return 'new';
    const equal = known === digest();
    const could = this.#counter.couldRepeat(packetId);
    if (!equal && could) this.distrust();
    if (!equal || !could) return equal || could ? 'suspect' : 'new';
    this.#earlier.delete(packetId);
    this.#again.set(packetId, known);
    return 'copy';
  }

  /** R3: the id is forgotten. `answered`: PUBCOMP is written with it, on this connection. */
  add(packetId: number, digest: number, answered: boolean): void {
    if (digest === NO_DIGEST) return;
    this.#earlier.delete(packetId);
    this.#again.delete(packetId);
    if (answered) this.#push(packetId, digest);
    else this.#earlier.set(packetId, digest);
  }

  /** PUBCOMP is written once more, for a PUBREL of this connection. True for one whose message came again on it. */
  answeredAgain(packetId: number): boolean {
    const digest = this.#again.get(packetId) ?? this.#earlier.get(packetId);
    if (digest === undefined) return false;
    this.#push(packetId, digest);
    this.#earlier.delete(packetId);
    return this.#again.delete(packetId);
  }

  /** The broker has processed all PUBCOMPs before this mark. */
  fence(mark: number): void {
    while (this.#passed < mark && this.#head < this.#ids.length) {
      // What an earlier connection left in doubt may have been used again before: then this id being free says nothing of that time.
      if (this.#earlier.size === 0) this.#counter.freed(this.#ids[this.#head] ?? 0);
      this.#shift();
    }
    if (this.#newCame) this.#earlier.clear();
  }

  connectionLost(): void {
    this.#newCame = false;
    for (let at = this.#head; at < this.#ids.length; at += 1) {
      this.#earlier.set(this.#ids[at] ?? 0, this.#digests[at] ?? NO_DIGEST);
    }
    for (const [id, digest] of this.#again) this.#earlier.set(id, digest);
    this.#again.clear();
    this.#dropWritten();
    this.#counter.nextConnection();
  }

  /** A new epoch. */
  startEpoch(): void {
    this.#clear();
    this.#counter.startEpoch();
  }

  /** F3. */
  distrust(): void {
    this.#clear();
    this.#counter.distrust();
  }

  /** All, and after them those that a commit forgets (R3). */
  state(more: FinishedState): FinishedState {
    const count = this.size;
    const ids = new Uint16Array(count + more.ids.length);
    const digests = new Int32Array(ids.length);
    let at = 0;
    for (const entries of [this.#earlier, this.#again]) {
      for (const [id, digest] of entries) {
        ids[at] = id;
        digests[at] = digest;
        at += 1;
      }
    }
    for (let index = this.#head; index < this.#ids.length; index += 1, at += 1) {
      ids[at] = this.#ids[index] ?? 0;
      digests[at] = this.#digests[index] ?? NO_DIGEST;
    }
    ids.set(more.ids, count);
    digests.set(more.digests, count);
    return { ids, digests };
  }

  #digestOf(packetId: number): number {
    const unwritten = this.#again.get(packetId) ?? this.#earlier.get(packetId);
    if (unwritten !== undefined) return unwritten;
    const at = this.#ids.lastIndexOf(packetId);
    return at < this.#head ? NO_DIGEST : (this.#digests[at] ?? NO_DIGEST);
  }

  #push(packetId: number, digest: number): void {
    this.#ids.push(packetId);
    this.#digests.push(digest);
    if (this.#ids.length - this.#head > MOST) this.#shift();
  }

  #shift(): void {
    this.#head += 1;
    this.#passed += 1;
    if (this.#head < COMPACT_AT || this.#head * 2 < this.#ids.length) return;
    this.#ids = this.#ids.slice(this.#head);
    this.#digests = this.#digests.slice(this.#head);
    this.#head = 0;
  }

  #clear(): void {
    this.#earlier.clear();
    this.#again.clear();
    this.#dropWritten();
  }

  #dropWritten(): void {
    this.#passed = this.written;
    this.#ids = [];
    this.#digests = [];
    this.#head = 0;
  }
}
