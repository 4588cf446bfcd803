import type { PacketOutput } from '../packet-output.js';
import type { FinishedIds } from './finished-ids.js';

/** A fence is asked for at the latest behind so many PUBCOMPs, or so long after the first. */
const MOST_PUBCOMPS = 1000;
const LONGEST_MS = 1000;

/**
 * R2b: whatever answers something written behind a PUBCOMP on its connection shows that the broker has processed it: the fence. Traffic
 * gives some by itself; where it does not, a PINGREQ is sent, one at a time, also without keep-alive. Its missing answer means nothing
 * here: it keeps ids in the memory, and before the first one messages waiting (`CompletionHold`).
 */
export class PubcompFence {
  readonly #finished: FinishedIds;
  readonly #output: PacketOutput;
  /** How many PUBCOMPs were written before each PINGREQ that has no PINGRESP, in their order. */
  #pings: number[] = [];
  /** The same of each SUBSCRIBE and UNSUBSCRIBE. */
  readonly #requests = new Map<number, number>();
  /** The PUBCOMPs before the last thing that will be answered. */
  #asked = 0;
  #now = 0;
  /** When the first PUBCOMP after it was seen; Infinity for none. */
  #since = Number.POSITIVE_INFINITY;

  constructor(finished: FinishedIds, output: PacketOutput) {
    this.#finished = finished;
    this.#output = output;
  }

  /** Takes the time in, before anything is done at it. */
  observe(now: number): void {
    this.#now = now;
  }

  /** A PUBCOMP was written. */
  pubcompWritten(): void {
    if (this.#since === Number.POSITIVE_INFINITY) this.#since = this.#now;
  }

  /** PINGREQs that have no answer. */
  get pings(): number {
    return this.#pings.length;
  }

  pingSent(): void {
    this.#pings.push(this.#ask());
  }

  /** PINGRESP: of the first PINGREQ that has none. */
  pingAnswered(): void {
    const mark = this.#pings.shift();
    if (mark !== undefined) this.#finished.fence(mark);
  }

  /** SUBSCRIBE or UNSUBSCRIBE was written. */
  requestSent(packetId: number): void {
    this.#requests.set(packetId, this.#ask());
  }

  /** SUBACK or UNSUBACK. */
  requestAnswered(packetId: number): void {
    const mark = this.#requests.get(packetId);
    this.#requests.delete(packetId);
    if (mark !== undefined) this.#finished.fence(mark);
  }

  /** When a PINGREQ is due; Infinity for never. It waits while another has no answer. */
  deadline(): number {
    if (this.#since === Number.POSITIVE_INFINITY || this.#pings.length > 0) return Number.POSITIVE_INFINITY;
    const most = this.#finished.wantsFence ? 1 : MOST_PUBCOMPS;
    return this.#finished.written - this.#asked >= most ? this.#since : this.#since + LONGEST_MS;
  }

  /** Sends the PINGREQ that is due. */
  handleTimeout(): void {
    if (this.#now < this.deadline()) return;
    this.#output.write({ type: 'pingreq' });
    this.pingSent();
  }

  /** The connection is over, and with it what would have been answered. */
  stop(): void {
    this.#pings = [];
    this.#requests.clear();
    this.#since = Number.POSITIVE_INFINITY;
    this.#asked = this.#finished.written;
  }

  #ask(): number {
    this.#asked = this.#finished.written;
    this.#since = Number.POSITIVE_INFINITY;
    return this.#asked;
  }
}
