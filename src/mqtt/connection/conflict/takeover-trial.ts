import { type Deferred, deferred } from '../../../internal/deferred.js';
import { abortableWait } from '../../../internal/waiting/abortable-wait.js';
import type { ConnectedEvent } from '../../protocol/session/session-event.js';
import type { Verdict } from '../reconnect/conflict-detector.js';
import { isConnectRefusal } from '../reconnect/is-connect-refusal.js';
import type { ControlConnection, ControlEnd, ControlListener, ControlTarget } from './control-connection.js';

/** So many connections in a row, on which nothing was asked, that are taken from us. */
const STRIKES = 3;
/** So many are tried for them. */
const MOST_TRIALS = 6;
/** What ends as soon as it is accepted, in milliseconds, ends by what the broker has for us, not by another client that comes. */
const AT_ONCE_MS = 50;
/** Bounds of how long a connection is held, in milliseconds. Another client like us may wait for a second before it comes (`Backoff.shortMs`). */
const LEAST_HOLD_MS = 1500;
const MOST_HOLD_MS = 5000;
/** Longest wait between two of them, so that two clients on trial do not keep step. */
const PAUSE_MS = 300;

/** What a trial is made of. */
export interface TrialParts {
  /** Makes one. The trial starts it, and stops it at the latest at its own end. */
  readonly control: (listener: ControlListener) => ControlConnection;
  /** Where the connections were that led to it: all of the trial go there, too. */
  readonly place: Pick<ControlTarget, 'address' | 'version'>;
  /** How long the longest of the connections lasted that led to it, in milliseconds. */
  readonly longestMs: number;
  /** A CONNECT with our id is about to be sent: resolves when that may be (R5a). */
  readonly begin: () => Promise<void>;
  /** What the broker has for us after that CONNECT may be an empty session (R5a). */
  readonly onDoubt: () => void;
  /** Ends it soon; what it gives then means nothing. */
  readonly signal: AbortSignal;
  /** 0 inclusive to 1 exclusive. */
  readonly random: () => number;
}

/** A control connection as promises. */
interface Held {
  readonly control: ControlConnection;
  readonly accepted: Promise<ConnectedEvent | undefined>;
  readonly ended: Promise<ControlEnd>;
}

/**
 * R19a, second half: the evidence for a conflict of client ids. A connection with our id resumes our session and does nothing: no
 * SUBSCRIBE, no PUBLISH, no acknowledgement, so that nothing of ours can be the reason for its end. Beside it stands a *witness* with an id
 * that nobody else has. Another client takes ours and leaves the witness; a broker that comes and goes takes both; one that closes at what
 * we send leaves both. Three in a row are a conflict when the witness has lived longer than all of them and the broker accepts a new
 * connection after each.
 */
export class TakeoverTrial {
  readonly #parts: TrialParts;
  readonly #open = new Set<ControlConnection>();
  readonly #holdMs: number;

  constructor(parts: TrialParts) {
    this.#parts = parts;
    this.#holdMs = Math.min(MOST_HOLD_MS, Math.max(LEAST_HOLD_MS, 2 * parts.longestMs));
  }

  /** Never rejects but with what ended the store. */
  async run(): Promise<Verdict> {
    const { signal } = this.#parts;
    const stop = (): void => this.#stop();
    signal.addEventListener('abort', stop, { once: true });
    try {
      return await this.#hear();
    } finally {
      signal.removeEventListener('abort', stop);
      this.#stop();
    }
  }

  async #hear(): Promise<Verdict> {
    const witness = this.#start(this.#parts.place);
    const absent = await this.#notAccepted(witness);
    if (absent !== undefined) return absent;
    let strikes = 0;
    for (let trial = 0; trial < MOST_TRIALS && strikes < STRIKES; trial += 1) {
      const end = await this.#holdOurs();
      if (typeof end === 'string') return end;
      const absent = await this.#notAccepted(this.#start(this.#parts.place));
      if (absent !== undefined || !witness.control.running) return 'away';
      if (isTaken(end)) strikes += 1;
      await abortableWait(this.#parts.random() * PAUSE_MS, this.#parts.signal);
    }
    return strikes === STRIKES && witness.control.running ? 'taken-over' : 'unclear';
  }

  /** Our session, with nothing asked. Its end, when it has one. */
  async #holdOurs(): Promise<ControlEnd | Verdict> {
    const { place, begin, onDoubt } = this.#parts;
    await begin();
    const ours = this.#start({ ...place, resume: true });
    const event = await ours.accepted;
    if (event?.sessionPresent !== true) onDoubt();
    if (event === undefined) return this.#parts.signal.aborted ? 'unclear' : 'away';
    const hold = new AbortController();
    const limit = AbortSignal.any([hold.signal, this.#parts.signal]);
    const end = await Promise.race([ours.ended, abortableWait(this.#holdMs, limit)]);
    hold.abort();
    ours.control.stop();
    if (end !== undefined) return end;
    return this.#parts.signal.aborted ? 'unclear' : 'lived';
  }

  async #notAccepted({ accepted, ended }: Held): Promise<Verdict | undefined> {
    if ((await accepted) !== undefined) return undefined;
    // a broker that knows its clients by their ids lets no witness in
    return this.#parts.signal.aborted || isConnectRefusal((await ended).error) ? 'unclear' : 'away';
  }

  #start(target: ControlTarget): Held {
    const accepted: Deferred<ConnectedEvent | undefined> = deferred();
    const ended: Deferred<ControlEnd> = deferred();
    const control = this.#parts.control({
      onAccepted: (event) => accepted.resolve(event),
      onEnd: (end) => {
        accepted.resolve(undefined);
        ended.resolve(end);
      },
    });
    this.#open.add(control);
    this.#parts.signal.addEventListener('abort', () => accepted.resolve(undefined), { once: true });
    control.start(target);
    return { control, accepted: accepted.promise, ended: ended.promise };
  }

  #stop(): void {
    for (const control of this.#open) control.stop();
    this.#open.clear();
  }
}

/** By the peer's word or by its close, and not at once: a reset may be the network's. */
const isTaken = ({ byFin, error, livedMs = 0 }: ControlEnd): boolean =>
  livedMs >= AT_ONCE_MS && (byFin || error.reasonCode === 0x8e);
