import { MillraceError } from '../../../errors/millrace-error.js';
import type { SubscriptionRequest } from '../../protocol/packet.js';
import type { Session } from '../../protocol/session/session.js';
import type { SubscriptionAnswerEvent } from '../../protocol/session/session-event.js';
import type { TableSubscriptions } from './resolve-table.js';

/** A filter that nobody has, of which nothing changes: its UNSUBACK is the fence. */
const FENCE = ['millrace/fence'];
const NOTHING = -1;
/** Nothing new for so long behind a fence: some brokers read their retained messages aside, and answer meanwhile. */
const QUIET_MS = 500;
/** A slow broker is given more: so many times the longest silence so far, up to a bound. */
const SILENCES = 4;
const LONGEST_QUIET_MS = 10_000;
/** Fewer new rows in `QUIET_MS` are a trickle. */
const TRICKLE = 250;

export interface RoundParts {
  readonly session: Pick<Session, 'subscribe' | 'unsubscribe'>;
  /** Writes what the session has to send. */
  readonly flush: () => void;
  readonly subscriptions: TableSubscriptions;
  /** How many rows the round has told of. */
  readonly told: () => number;
  /** How long an answer may take; and how long rows are waited for that come in a trickle, which are new ones of publishers. */
  readonly ackTimeoutMs: number;
  readonly onEnd: () => void;
  readonly onFailed: (error: MillraceError) => void;
}

/**
 * Subscribes, and finds out when all retained messages are there. No packet says so: they may come before the SUBACK and behind it, one heap
 * after the other, and a broker may answer what is asked in between (HiveMQ). So it asks something that changes nothing (the fence of R14b),
 * until an answer comes with nothing new before it; then it is to be quiet for a while, which is the longer the slower the broker was; and
 * then once more. Behind that it takes changes at the QoS asked for.
 */
export class TableRound {
  readonly #parts: RoundParts;
  #awaited = NOTHING;
  /** When the first SUBACK came. */
  #grantedAt: number | undefined;
  /** What is awaited is a SUBACK. */
  #awaitsGrant = false;
  /** All rows are there: what is awaited last is that changes come at the QoS asked for. */
  #isWhole = false;
  #toldBefore = -1;
  #timer: NodeJS.Timeout | undefined;
  /** When something was asked or came last. */
  #at = 0;
  #longestSilenceMs = 0;
  #askedAt = 0;
  /** For how long nothing new came before what is asked now. */
  #quietMs = 0;

  constructor(parts: RoundParts) {
    this.#parts = parts;
    this.#subscribe(parts.subscriptions.load);
  }

  /** SUBACK is due. */
  get awaitsGrant(): boolean {
    return this.#awaitsGrant && this.#awaited !== NOTHING;
  }

  /** A message came, or an answer. */
  heard(): void {
    const now = performance.now();
    this.#longestSilenceMs = Math.max(this.#longestSilenceMs, now - this.#at);
    this.#at = now;
  }

  answered(event: SubscriptionAnswerEvent): void {
    if (event.packetId !== this.#awaited) return;
    clearTimeout(this.#timer);
    this.#grantedAt ??= performance.now();
    this.heard();
    this.#awaitsGrant = false;
    const [code = 0x80] = event.reasonCodes;
    if (event.type === 'subscribed' && code >= 0x80) this.#parts.onFailed(refused(this.#filter, code));
    else if (this.#isWhole) this.#parts.onEnd();
    else if (event.type === 'subscribed' || !this.#isQuiet) this.#ask(0);
    else if (this.#quietMs < this.#enoughMs) this.#waitQuiet(this.#enoughMs);
    else this.#follow();
  }

  /** The connection is over, or nobody wants it any more. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#awaited = NOTHING;
  }

  get #enoughMs(): number {
    return Math.min(LONGEST_QUIET_MS, Math.max(QUIET_MS, SILENCES * this.#longestSilenceMs));
  }

  get #filter(): string {
    return this.#parts.subscriptions.load.filter;
  }

  #subscribe(request: SubscriptionRequest): void {
    this.#awaitsGrant = true;
    this.#send(() => this.#parts.session.subscribe([request]));
  }

  #follow(): void {
    const { follow } = this.#parts.subscriptions;
    this.#isWhole = true;
    if (follow === undefined) this.#parts.onEnd();
    else this.#subscribe(follow);
  }

  #ask(quietMs: number): void {
    this.#quietMs = quietMs;
    this.#toldBefore = this.#parts.told();
    this.#send(() => this.#parts.session.unsubscribe(FENCE));
  }

  /** Nobody above hears of an error: what cannot be sent to this broker fails the round. */
  #send(request: () => number): void {
    const { flush, onFailed, ackTimeoutMs } = this.#parts;
    this.#at = performance.now();
    this.#askedAt = this.#at;
    try {
      this.#awaited = request();
    } catch (thrown) {
      this.#awaited = NOTHING;
      const error = MillraceError.from(thrown);
      // the connection has ended with the answer at hand, which is told next
      if (error.code !== 'INVALID_STATE') onFailed(error);
      return;
    }
    // before the flush, which may end the connection, and the round with it
    this.#timer = setTimeout(() => onFailed(late(this.#filter, ackTimeoutMs)), ackTimeoutMs);
    flush();
  }

  #waitQuiet(ms: number): void {
    this.#timer = setTimeout(() => this.#ask(this.#isQuiet ? ms : 0), ms);
  }

  /** Nothing new since it was asked, or so little for so long that it does not end. */
  get #isQuiet(): boolean {
    const { told, ackTimeoutMs } = this.#parts;
    const news = told() - this.#toldBefore;
    const now = performance.now();
    const isLate = now - (this.#grantedAt ?? Number.POSITIVE_INFINITY) >= ackTimeoutMs;
    const periods = Math.max(1, (now - this.#askedAt) / QUIET_MS);
    return news === 0 || (isLate && news < TRICKLE * periods);
  }
}

const refused = (filter: string, reasonCode: number): MillraceError =>
  new MillraceError(
    'SUBSCRIPTION_REFUSED',
    `the broker refused to subscribe to "${filter}" (0x${reasonCode.toString(16)})`,
    {
      reasonCode,
      advice: 'Check that this client may read the topic, and that the filter is what the broker allows.',
      details: { filter, reasonCode },
    },
  );

const late = (filter: string, ackTimeoutMs: number): MillraceError =>
  new MillraceError('TIMEOUT', `the broker has not answered within ${ackTimeoutMs} ms for the table of "${filter}"`, {
    // mosquitto may have no room for its SUBACK then either
    advice:
      'Where the log of the broker says that messages to this client are dropped, let it queue as many as there are retained (mosquitto: max_queued_messages). A slow broker needs a longer ackTimeout.',
    details: { filter },
  });
