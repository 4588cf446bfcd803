import { MillraceError } from '../../../errors/millrace-error.js';
import type { SubscriptionRequest } from '../../protocol/packet.js';
import type { Session } from '../../protocol/session/session.js';
import type { SubscriptionAnswerEvent } from '../../protocol/session/session-event.js';

/** A filter that nobody has, of which nothing changes: its UNSUBACK is the fence. */
const FENCE = ['millrace/fence'];
const NOTHING = -1;
/** Nothing new for so long behind a fence: some brokers read their retained messages aside, and answer meanwhile. */
const QUIET_MS = 200;
/** So many new rows in that time are no trickle. */
const TRICKLE = 100;

export interface RoundParts {
  readonly session: Pick<Session, 'subscribe' | 'unsubscribe'>;
  /** Writes what the session has to send. */
  readonly flush: () => void;
  readonly request: SubscriptionRequest;
  /** How many rows the round has told of. */
  readonly told: () => number;
  /** How long an answer may take; and how long rows are waited for that come in a trickle, which are new ones of publishers. */
  readonly ackTimeoutMs: number;
  readonly onEnd: () => void;
  readonly onFailed: (error: MillraceError) => void;
}

/**
 * Subscribes, and finds out when all retained messages are there. No packet says so: they may come before the SUBACK and behind it. But
 * what they wait for in the broker is our acknowledgements, so a question that the broker answers with nothing new before the
 * answer shows that it has nothing more (the fence of R14b). Then it is to be quiet for a moment, too.
 */
export class TableRound {
  readonly #parts: RoundParts;
  #awaited = NOTHING;
  /** When SUBACK came; undefined: it is due. */
  #grantedAt: number | undefined;
  #toldBefore = -1;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: RoundParts) {
    this.#parts = parts;
    this.#send(() => parts.session.subscribe([parts.request]));
  }

  /** SUBACK is due. */
  get awaitsGrant(): boolean {
    return this.#grantedAt === undefined && this.#awaited !== NOTHING;
  }

  answered(event: SubscriptionAnswerEvent): void {
    if (event.packetId !== this.#awaited) return;
    clearTimeout(this.#timer);
    this.#grantedAt ??= performance.now();
    const { request, onFailed } = this.#parts;
    const [code = 0x80] = event.reasonCodes;
    if (event.type === 'subscribed' && code >= 0x80) onFailed(refused(request.filter, code));
    else if (event.type === 'unsubscribed' && this.#isQuiet) this.#waitQuiet();
    else this.#ask();
  }

  /** The connection is over, or nobody wants it any more. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#awaited = NOTHING;
  }

  #ask(): void {
    this.#toldBefore = this.#parts.told();
    this.#send(() => this.#parts.session.unsubscribe(FENCE));
  }

  /** Nobody above hears of an error: what cannot be sent to this broker fails the round. */
  #send(request: () => number): void {
    const { flush, onFailed, ackTimeoutMs } = this.#parts;
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
    this.#timer = setTimeout(() => onFailed(late(this.#parts)), ackTimeoutMs);
    flush();
  }

  #waitQuiet(): void {
    this.#timer = setTimeout(() => {
      if (this.#isQuiet) this.#parts.onEnd();
      else this.#ask();
    }, QUIET_MS);
  }

  /** Nothing new since it was asked, or so little for so long that it does not end. */
  get #isQuiet(): boolean {
    const { told, ackTimeoutMs } = this.#parts;
    const news = told() - this.#toldBefore;
    const isLate = performance.now() - (this.#grantedAt ?? Number.POSITIVE_INFINITY) >= ackTimeoutMs;
    return news === 0 || (isLate && news < TRICKLE);
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

const late = ({ ackTimeoutMs, request: { filter } }: RoundParts): MillraceError =>
  new MillraceError('TIMEOUT', `the broker has not answered within ${ackTimeoutMs} ms for the table of "${filter}"`);
