import { UNPACED } from '../../protocol/session/outbound/outbound-pace.js';

/** Ends in a row, each while one message alone was unanswered, that make a message poison. */
export const POISON_ENDS = 5;
/** The shortest time for which a connection is quiet before a suspect is sent on it. */
const QUIET_MS = 50;
const LONGEST_QUIET_MS = 60_000;
/** From here on the window is the connection's own. */
const WIDEST = 60_000;

/** How a connection, or an attempt to connect, ended. */
export interface ConnectionEnding {
  /** The peer closed it, or sent a DISCONNECT that can speak of a PUBLISH. */
  readonly byPeer: boolean;
  /** Packets that the server had not answered. */
  readonly unanswered: number;
  /** The message that alone was unanswered, after an answered PINGREQ; -1 for none. */
  readonly alone: number;
}

/** What becomes of a control connection. `lost`: it ended, or could not be had. `refused`: the server takes no second client. */
export type ControlNews = 'opening' | 'accepted' | 'refused' | 'lost' | 'stopped';

/** Why the ends at a message say nothing about it. */
export type Acquittal =
  | 'control-ended'
  | 'no-control'
  | 'ended-while-quiet'
  | 'ended-at-others'
  | 'not-ended-by-broker'
  | 'unreachable';

/** Whom a search tells. */
export interface PoisonListener {
  /** A connection ended while the message alone was unanswered. */
  suspected(seq: number): void;
  /** What was counted against it counts no more. */
  acquitted(seq: number, reason: Acquittal): void;
}

type ControlState = 'none' | 'opening' | 'alive' | 'refused';

/**
 * Finds the message at which a server ends every connection on which it is sent (R20a), without socket, timer and clock. The rules:
 * Y1. The window halves, from what was unanswered, at each end by the peer with messages unanswered; each answer widens it by one.
 * Y2. At one, a message that alone was unanswered after an answered PINGREQ is suspected. From then on each connection is quiet before
 *     the suspect is sent, for longer than the server has ever taken to end it: another client with our id would end it then.
 * Y3. It is blamed after five such ends in a row, if a control connection lived from before the first of them, and the connection after
 *     the last of them was quiet for longer than the longest of them lived. Where the server refuses a second client, the quiet of each
 *     of the five is the control.
 * Y4. Whatever else ends a connection, or the control, begins the five anew: then it is an outage, or a conflict of client ids.
 */
export class PoisonSearch {
  readonly #listener: PoisonListener;
  #window = UNPACED;
  #suspect = -1;
  #ends = 0;
  /** Of the ends that count: the longest life of a connection, and the longest time to its end after the quiet. */
  #longestMs = 0;
  #longestTailMs = 0;
  #connectedAt: number | undefined;
  #quietUntil = 0;
  #control: ControlState = 'none';
  #controlSince = 0;
  /** The quiet lasts until it is known what becomes of the control connection. */
  #awaitsControl = false;

  constructor(listener: PoisonListener) {
    this.#listener = listener;
  }

  /** A control connection is to be opened. */
  get wantsControl(): boolean {
    return this.#window === 1 && this.#control === 'none';
  }

  /** One that there is serves still. */
  get usesControl(): boolean {
    return this.#window === 1;
  }

  /** How many messages may be unanswered now: 0 while the connection is to be quiet. */
  windowAt(now: number): number {
    return this.#isQuiet(now) ? 0 : this.#window;
  }

  /** While `windowAt` gives 0: when it changes by itself; Infinity for never. */
  get deadline(): number {
    if (this.#connectedAt === undefined || this.#awaitsControl) return Number.POSITIVE_INFINITY;
    return this.#quietUntil;
  }

  /** The message that is to be given up now (Y3); -1 for none. */
  blamed(now: number): number {
    const known = this.#control === 'alive' || this.#control === 'refused';
    return known && this.#ends >= POISON_ENDS && !this.#isQuiet(now) ? this.#suspect : -1;
  }

  /** The blamed message is given up, or is nobody's any more. */
  forget(): void {
    this.#suspect = -1;
    this.#restart();
  }

  /** The blamed message is tried once more, not before that time. */
  postpone(until: number): void {
    this.#ends = POISON_ENDS - 1;
    this.#quietUntil = until;
  }

  /** CONNACK came. */
  handleConnected(now: number): void {
    this.#connectedAt = now;
    this.#quietUntil = this.#suspect < 0 ? now : now + this.#quietMs;
    this.#awaitsControl = this.#control === 'opening';
  }

  /** The server answered a packet of this message. */
  handleAnswered(seq: number): void {
    if (this.#window === UNPACED || (this.#suspect >= 0 && seq !== this.#suspect)) return;
    // it was no poison: the server takes more again, one by one (Y1)
    this.forget();
    this.#window = this.#window + 1 < WIDEST ? this.#window + 1 : UNPACED;
  }

  /** Of attempts that failed, too: they end a row (Y4). */
  handleEnded({ byPeer, unanswered, alone }: ConnectionEnding, now: number): void {
    const since = this.#connectedAt;
    this.#connectedAt = undefined;
    if (since === undefined) this.#acquit('unreachable');
    else if (!byPeer) this.#acquit('not-ended-by-broker');
    else if (unanswered === 0) this.#acquit('ended-while-quiet');
    else if (alone < 0) {
      this.#acquit('ended-at-others');
      this.#window = Math.max(1, Math.floor(Math.min(this.#window, unanswered) / 2));
    } else this.#count(alone, { since, now });
  }

  /** What it says counts for what is sent from now on (Y3). */
  handleControl(news: ControlNews, now: number): void {
    if (news === 'lost') this.#acquit(this.#control === 'alive' ? 'control-ended' : 'no-control');
    const awaited = this.#awaitsControl;
    this.#control = CONTROL_STATES[news];
    this.#awaitsControl = news === 'opening' && this.#isQuiet(now);
    if (news !== 'accepted') return;
    this.#controlSince = now;
    // what waited for it goes out after it, and is covered; what went out before is not
    if (awaited) this.#quietUntil = Math.max(this.#quietUntil, now);
  }

  #count(seq: number, { since, now }: { readonly since: number; readonly now: number }): void {
    const covered = this.#covers(since);
    if (seq !== this.#suspect) {
      this.forget();
      this.#suspect = seq;
      this.#listener.suspected(seq);
    } else if (!covered) this.#acquit('no-control');
    if (covered) this.#ends += 1;
    this.#longestMs = Math.max(this.#longestMs, now - since);
    this.#longestTailMs = Math.max(this.#longestTailMs, now - Math.max(since, this.#quietUntil));
  }

  /** Whether what went out on the connection that began then, was sent while the control lived; `refused`: after a quiet. */
  #covers(since: number): boolean {
    if (this.#control === 'refused') return this.#quietUntil > since;
    return this.#control === 'alive' && this.#controlSince <= Math.max(since, this.#quietUntil);
  }

  #acquit(reason: Acquittal): void {
    if (this.#suspect < 0) return;
    if (this.#ends > 0 || reason === 'no-control') this.#listener.acquitted(this.#suspect, reason);
    this.#restart();
  }

  #restart(): void {
    this.#ends = 0;
    this.#longestMs = 0;
    this.#longestTailMs = 0;
  }

  #isQuiet(now: number): boolean {
    if (this.#suspect < 0) return false;
    return this.#connectedAt === undefined || now < this.#quietUntil || this.#awaitsControl;
  }

  get #quietMs(): number {
    const beyond = this.#ends >= POISON_ENDS ? this.#longestMs : this.#longestTailMs;
    return Math.min(QUIET_MS + 2 * beyond, LONGEST_QUIET_MS);
  }
}

const CONTROL_STATES: Readonly<Record<ControlNews, ControlState>> = {
  opening: 'opening',
  accepted: 'alive',
  refused: 'refused',
  lost: 'none',
  stopped: 'none',
};
