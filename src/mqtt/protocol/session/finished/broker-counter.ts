const PACKET_IDS = 65_535;
/** Farther apart than this, which of two ids is ahead of the other cannot be said, unless all between them came. */
const HALF = 32_767;

/**
 * How ids went over a reconnect of this session. `unseen`: no new message has come since one. `counted`: they went on. `jumped`: they
 * did not, or once a new message did not have an id ahead of all before it.
 */
export type OverReconnect = 'unseen' | 'counted' | 'jumped';

/** What is known of how the broker hands out packet ids. */
export interface CounterState {
  /** The id that is ahead of all others by the counter; 0 for none. */
  readonly newest: number;
  /** So many ids up to the newest followed each other without a gap, at most 65534. */
  readonly run: number;
  /** What was seen of it. */
  readonly overReconnect: OverReconnect;
  /** The lowest id that the broker is known to have had free since before whatever is remembered; 0 for none. */
  readonly free: number;
}

/** Nothing is known. */
export const UNKNOWN_COUNTER: CounterState = { newest: 0, run: 0, overReconnect: 'unseen', free: 0 };

/**
 * Condition (c) of R2b: whether an id that comes with DUP 1 can be a re-send of the message that had it last. It cannot be told where
 * a broker hands out the lowest free id, or where its counter begins anew on each connection: there a new message may have the id. So:
 * - Ids went on counting over a reconnect, while a lower one was free. Or
 * - nothing was seen over a reconnect yet, the id belongs to a run without gaps, and a lower one was free and has not come since:
 *   either of those brokers would have used that one first, and re-sends come in their order [MQTT-4.6.0-1].
 * The id is at or behind the newest in both.
 */
export class BrokerCounter {
  #newest: number;
  #run: number;
  #overReconnect: OverReconnect;
  #connection = 1;
  /** The connection on which the run began; 0 for an earlier process. */
  #since = 0;
  /** 1 for each id that is known to be free; made with the first. */
  #free: Uint8Array | undefined;
  /** No id below is free. */
  #lowest = PACKET_IDS + 1;

  constructor({ newest, run, overReconnect, free }: CounterState) {
    this.#newest = newest;
    this.#run = run;
    this.#overReconnect = overReconnect;
    if (free > 0) this.freed(free);
  }

  /** What a commit has of it. */
  state(): CounterState {
    const lowest = this.#lowestFree(PACKET_IDS + 1);
    const free = lowest > PACKET_IDS ? 0 : lowest;
    return { newest: this.#newest, run: this.#run, overReconnect: this.#overReconnect, free };
  }

  /** No id is known to be free, and before a reconnect was seen nothing can be told without one. */
  get lacksFree(): boolean {
    return this.#overReconnect === 'unseen' && this.#lowestFree(PACKET_IDS + 1) > PACKET_IDS;
  }

  nextConnection(): void {
    this.#connection += 1;
  }

  /** A new epoch: another session may be another broker's. */
  startEpoch(): void {
    this.#begin(0, 'unseen');
  }

  /** What is remembered cannot be relied on: the observation begins anew. */
  distrust(): void {
    this.#begin(0, 'jumped');
  }

  /** A PUBLISH came with this id. False when the broker does not count, or its counter went back: the observation begins anew. */
  observe(packetId: number, dup: boolean): boolean {
    const ahead = this.#newest === 0 ? 1 : distance(this.#newest, packetId);
    if (ahead === 1) this.#follow(packetId, dup);
    else if (isAhead(ahead)) this.#jump(packetId);
    else if (!dup || this.#free?.[packetId] === 1) {
      this.#begin(dup ? 0 : packetId, 'jumped');
      return false;
    }
    if (this.#free !== undefined) this.#free[packetId] = 0;
    return true;
  }

  /** Condition (c). To be asked before `observe`. */
  couldRepeat(packetId: number): boolean {
    if (this.#newest === 0) return false;
    const behind = distance(packetId, this.#newest);
    if (this.#overReconnect === 'counted') return behind <= HALF || behind < this.#run;
    return this.#overReconnect === 'unseen' && behind < this.#run && this.#lowestFree(packetId) < packetId;
  }

  /** The broker has shown that this id is finished. */
  freed(packetId: number): void {
    this.#free ??= new Uint8Array(PACKET_IDS + 1);
    this.#free[packetId] = 1;
    if (packetId < this.#lowest) this.#lowest = packetId;
  }

  #follow(packetId: number, dup: boolean): void {
    this.#newest = packetId;
    if (this.#run === 0) this.#since = this.#connection;
    if (this.#run < PACKET_IDS - 1) this.#run += 1;
    if (dup || this.#overReconnect === 'counted' || this.#since === this.#connection) return;
    // A broker that hands out the lowest free id may go on where it was because all below is in use.
    if (this.#lowestFree(packetId) < packetId) this.#overReconnect = 'counted';
  }

  /** A counter that ran on unseen, or began at random. */
  #jump(packetId: number): void {
    if (this.#overReconnect === 'unseen' && this.#since !== this.#connection) this.#overReconnect = 'jumped';
    this.#newest = packetId;
    this.#run = 1;
    this.#since = this.#connection;
  }

  #begin(newest: number, overReconnect: OverReconnect): void {
    this.#newest = newest;
    this.#run = newest === 0 ? 0 : 1;
    this.#overReconnect = overReconnect;
    this.#since = this.#connection;
    this.#free?.fill(0);
    this.#lowest = PACKET_IDS + 1;
  }

  /** The lowest id that is known to be free, if there is one below `end`; else `end` or above. */
  #lowestFree(end: number): number {
    const free = this.#free;
    while (this.#lowest < end && free?.[this.#lowest] !== 1) this.#lowest += 1;
    return this.#lowest;
  }
}

function isAhead(ahead: number): boolean {
  return ahead > 0 && ahead <= HALF;
}

/** How far the counter runs from one id to another: 0 to 65534. */
function distance(from: number, to: number): number {
  return (to - from + PACKET_IDS) % PACKET_IDS;
}
