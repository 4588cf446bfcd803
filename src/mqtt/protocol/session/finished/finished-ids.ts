import { appendIds, fromIdRuns } from '../inbound/id-runs.js';
import { BrokerCounter, type CounterState, UNKNOWN_COUNTER } from './broker-counter.js';
import { NO_DIGEST } from './message-digest.js';
import type { MessageDigests } from './message-digests.js';
import { PubcompQueue } from './pubcomp-queue.js';

/** Above it the oldest leave: an id so far behind the newest is told from none ahead of it. */
const MOST = 32_767;

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
 * F4. An id that has gone to a new message is here no more: with DUP 0, or with another digest. Else that message, sent again after a
 *     crash before its commit, would be taken for a copy of itself. One with DUP 1 and the same digest stays: it may be a copy, and
 *     is to be said again.
 */
export class FinishedIds {
  readonly #digests: MessageDigests;
  /** Finished on earlier connections, or without a PUBCOMP on this one. */
  readonly #earlier: Set<number>;
  /** They came again on this connection, and their PUBREL has not. */
  readonly #again = new Set<number>();
  /** The two as runs; undefined after a change. */
  #unwritten: readonly number[] | undefined;
  /** Their PUBCOMP was written on this connection. */
  readonly #written = new PubcompQueue();
  readonly #counter: BrokerCounter;
  /** A new message came on this connection. */
  #newCame = false;

  /** `runs`: as `state` gives them. */
  constructor(digests: MessageDigests, runs: Uint16Array | undefined, counter: CounterState = UNKNOWN_COUNTER) {
    this.#digests = digests;
    this.#counter = new BrokerCounter(counter);
    this.#earlier = new Set(runs === undefined ? [] : fromIdRuns(runs));
  }

  /** PUBCOMPs written, ever: a mark for `fence`. */
  get written(): number {
    return this.#written.written;
  }

  /** Of these, how many are behind a fence, or of earlier connections. */
  get passed(): number {
    return this.#written.passed;
  }

  /** PUBCOMPs of this connection that no fence is behind. */
  get unfenced(): number {
    return this.written - this.passed;
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
    if (!this.#has(packetId)) return 'new';
    const equal = this.#digests.get(packetId) === digest();
    const could = this.#counter.couldRepeat(packetId);
    if (!equal && could) this.distrust();
    if (!equal || !could) return equal || could ? 'suspect' : 'new';
    this.#forget(packetId);
    this.#unwritten = undefined;
    this.#again.add(packetId);
    return 'copy';
  }

  /** A new message has this id (F4). */
  taken(packetId: number, digest: number, dup: boolean): void {
    if (!dup || this.#digests.get(packetId) !== digest) this.#forget(packetId);
    this.#digests.set(packetId, digest);
  }

  /** R3: the id is forgotten. `answered`: PUBCOMP is written with it, on this connection. */
  add(packetId: number, answered: boolean): void {
    // an earlier version took the message, and made none
    if (this.#digests.get(packetId) === NO_DIGEST) return;
    this.#forget(packetId);
    if (answered) this.#push(packetId);
    else this.#remember(packetId);
  }

  /** PUBCOMP is written once more, for a PUBREL of this connection. True for one whose message came again on it. */
  answeredAgain(packetId: number): boolean {
    const again = this.#again.has(packetId);
    if (!again && !this.#earlier.has(packetId)) return false;
    this.#forget(packetId);
    this.#push(packetId);
    return again;
  }

  /** The broker has processed all PUBCOMPs before this mark. */
  fence(mark: number): void {
    while (this.passed < mark && this.unfenced > 0) {
      const packetId = this.#written.shift();
      // What an earlier connection left in doubt may have been used again before: then this id being free says nothing of that time.
      if (packetId > 0 && this.#earlier.size === 0) this.#counter.freed(packetId);
    }
    if (!this.#newCame || this.#earlier.size === 0) return;
    this.#earlier.clear();
    this.#unwritten = undefined;
  }

  connectionLost(): void {
    this.#newCame = false;
    for (const packetId of fromIdRuns(this.#written.runs())) this.#remember(packetId);
    for (const packetId of this.#again) this.#remember(packetId);
    this.#again.clear();
    this.#written.clear();
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

  /** All, and those that a commit forgets (R3), as runs: see `id-runs.ts`. */
  state(more: readonly number[]): Uint16Array {
    this.#unwritten ??= runsOf([...this.#earlier, ...this.#again]);
    const remembered = more.filter((packetId) => this.#digests.get(packetId) !== NO_DIGEST);
    return new Uint16Array([...this.#unwritten, ...this.#written.runs(), ...runsOf(remembered)]);
  }

  #has(packetId: number): boolean {
    return this.#written.has(packetId) || this.#earlier.has(packetId) || this.#again.has(packetId);
  }

  #remember(packetId: number): void {
    this.#earlier.add(packetId);
    this.#unwritten = undefined;
  }

  #forget(packetId: number): void {
    this.#written.delete(packetId);
    if (this.#earlier.size + this.#again.size === 0) return;
    if (this.#earlier.delete(packetId) || this.#again.delete(packetId)) this.#unwritten = undefined;
  }

  #push(packetId: number): void {
    this.#written.push(packetId);
    if (this.unfenced > MOST) this.#written.shift();
  }

  #clear(): void {
    this.#earlier.clear();
    this.#again.clear();
    this.#unwritten = undefined;
    this.#written.clear();
  }
}

function runsOf(ids: readonly number[]): number[] {
  const runs: number[] = [];
  appendIds(runs, ids, 0, ids.length);
  return runs;
}
