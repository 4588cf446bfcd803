import type { MillraceError } from '../../../errors/millrace-error.js';

/** So many connections in a row that the broker ended by 0x8E are a conflict. */
const NAMED_ENDS = 3;
/** A connection that lasted as long, in milliseconds, ends a row of those. */
const NAMED_WITHIN_MS = 60_000;
/**
 * Who was there for that long before the first of them bears with so many more: of two that throw each other out in turn the newcomer then
 * has its evidence first, a trial of its own included. Likely it is there by mistake.
 */
const SETTLED_BEARS = 4;
/** Most CONNECTs of our own, given up and unanswered, that may still come to an end at the broker and take the session. */
const MOST_LATE = 10;
/**
 * After so many trials that found nothing waits are those of an outage. Not after the first: where the other one stood still for a moment it
 * has misled us, and who then waits for longer than a trial holds its connection misleads the other one's, for ever.
 */
const TRIALS_BELIEVED = 2;
/** How soon after CONNACK an end is an early one, in milliseconds. */
const EARLY_MS = 5000;
/** So many early closes in a row, of connections on which nothing was asked or moved, are worth an examination … */
const QUIET_ENDS = 3;
/** … and so many early ends of any connections. */
const EARLY_ENDS = 6;
/**
 * What an early end counts that has a likelier cause than another client: a close while messages were unanswered, since a broker may close
 * at one of them, which is another search (R20a), and a reset in the middle of traffic, which is most often the network's. A trial keeps
 * the connection idle for a second or so, which such ends are not to cost again and again.
 */
const LIKELIER_COUNTS = 1 / 4;
/** The reason code of a session that another connection took over. */
const TAKEN_OVER = 0x8e;

/** How a connection ended, as far as a conflict is concerned. */
export interface ConnectionEnd {
  /** 0x8E names a conflict; CONNECTION_LOST may hide one. */
  readonly error: MillraceError;
  /** The server closed in order (FIN). */
  readonly byFin: boolean;
  /** Milliseconds since CONNACK; undefined when none came. */
  readonly connectedMs: number | undefined;
  /** Messages came or went on it, or were to be acknowledged when it ended. */
  readonly moved: boolean;
  /** The server had not answered everything that was sent on it. */
  readonly unanswered: boolean;
  /** A SUBSCRIBE was not answered. */
  readonly subscribing: boolean;
}

/** What the last ends suggest. `named`: a conflict, by the broker's word. `examine`: perhaps one; a `TakeoverTrial` can tell. */
export type Suspicion = 'none' | 'early' | 'examine' | 'named';

/**
 * What a `TakeoverTrial` found. `taken-over`: another client uses our id. `lived`: nothing ends our session's connection as long as nothing
 * is asked on it. `away`: the broker does not keep its connections, ours or others. `unclear`: it could not be carried out.
 */
export type Verdict = 'taken-over' | 'lived' | 'away' | 'unclear';

/**
 * R19a, first half: whether the ends of connections are reason to ask if another client uses our id. Two clients with one id throw
 * each other out for ever; brokers name that (0x8E) or just close. But our own late CONNECT takes the session over, too, a broker
 * that crashes as soon as it runs closes as well, and so does one that takes no offence at our id but at what we send. So the one name is
 * believed when it comes several times, and closes prove nothing: they lead to a trial, each time after twice as many.
 */
export class ConflictDetector {
  #named = 0;
  /** With how many more ends of this row it is borne. */
  #bears = 0;
  #late = 0;
  #early = 0;
  #quiet = 0;
  /** Of the early ends those that were not at a SUBSCRIBE. */
  #elsewhere = 0;
  #longestMs = 0;
  #trials = 0;

  /** Connections in a row that 0x8E ended. */
  get namedEnds(): number {
    return this.#named;
  }

  /** The last connections all ended early, and each between SUBSCRIBE and its answer. */
  get onlyAtSubscribe(): boolean {
    return this.#early > 0 && this.#elsewhere === 0;
  }

  /** How long the longest of the early ones lasted. */
  get longestMs(): number {
    return this.#longestMs;
  }

  /** An examination came to nothing, or an end of another kind came between. */
  clear(): void {
    this.#early = 0;
    this.#quiet = 0;
    this.#elsewhere = 0;
    this.#longestMs = 0;
  }

  /** An examination found no conflict: the next one waits for twice as many ends. */
  acquit(): void {
    this.#trials += 1;
    this.clear();
  }

  /** To be told each end, in their order: it counts rows of them. */
  ended(end: ConnectionEnd): Suspicion {
    const { connectedMs, error } = end;
    if (connectedMs !== undefined && connectedMs >= NAMED_WITHIN_MS) this.#forget();
    // also in the place of CONNACK
    if (error.reasonCode === TAKEN_OVER) return this.#taken();
    if (connectedMs === undefined) return this.#unanswered(error);
    this.#named = 0;
    if (error.code !== 'CONNECTION_LOST' || connectedMs >= EARLY_MS) {
      this.clear();
      if (connectedMs < NAMED_WITHIN_MS) this.#bears = 0;
      return 'none';
    }
    return this.#closed(end, connectedMs);
  }

  /** A CONNECT that was given up may be answered later, with 0x8E for the connection that we have then. */
  #unanswered({ code }: MillraceError): Suspicion {
    if (code === 'TIMEOUT') this.#late = Math.min(MOST_LATE, this.#late + 1);
    return 'none';
  }

  #forget(): void {
    this.#named = 0;
    this.#bears = SETTLED_BEARS;
    this.#late = 0;
  }

  #taken(): Suspicion {
    this.#named += 1;
    return this.#named >= NAMED_ENDS + this.#bears + this.#late ? 'named' : 'early';
  }

  #closed({ byFin, moved, unanswered, subscribing }: ConnectionEnd, connectedMs: number): Suspicion {
    if (unanswered && !byFin) return 'none';
    // one at a SUBSCRIBE is what the trial is to explain, too
    const hasLikelier = (unanswered && !subscribing) || (moved && !byFin);
    this.#early += hasLikelier ? LIKELIER_COUNTS : 1;
    this.#quiet = byFin && !moved && !subscribing ? this.#quiet + 1 : 0;
    if (!subscribing) this.#elsewhere += 1;
    this.#longestMs = Math.max(this.#longestMs, connectedMs);
    const enough = (ends: number) => (ends + this.#bears) * 2 ** this.#trials;
    if (this.#quiet >= enough(QUIET_ENDS) || this.#early >= enough(EARLY_ENDS)) return 'examine';
    // at a SUBSCRIBE, too: who waits longer and longer is away when the other one looks for it
    return byFin && (subscribing || !unanswered) && this.#trials < TRIALS_BELIEVED ? 'early' : 'none';
  }
}
