import type { RetryStrategy } from '../../../connector/retry/retry-strategy.js';
import { retryWait } from '../../../connector/retry/retry-wait.js';
import { MillraceError } from '../../../errors/millrace-error.js';
import { UNPACED } from '../../protocol/session/outbound/outbound-pace.js';
import { Row } from '../message/row.js';
import { POISON_ENDS, PoisonSearch } from './poison-search.js';
import type { Publisher } from './publisher.js';
import type { Finding, QueueOutcome } from './queue-outcome.js';
import { isRetryableRefusal, refusalAdvice } from './refusal.js';

/** What a watch is made of. */
export interface PoisonWatchParts {
  /** Asked each time: the session is made after the queue. */
  readonly publisher: () => Publisher;
  /** Of a row at which the broker ended the connection by a code that allows a retry (R20). */
  readonly retry: RetryStrategy;
  /** Told of findings and retries; `giveUp` tells it of the end. */
  readonly outcome: QueueOutcome;
  /** The row is the cause, and the session has forgotten it. */
  readonly giveUp: (row: Row, error: MillraceError) => void;
}

/** Between the search for a poisoned message (R20a) and a session: lets it send as much as the search allows, and acts on its verdict. */
export class PoisonWatch {
  readonly search = new PoisonSearch({
    suspected: (seq) => this.#tell(seq, 'suspected'),
    acquitted: (seq, reason) => this.#tell(seq, reason),
  });
  readonly #parts: PoisonWatchParts;
  #window = UNPACED;
  /** How the last connection ended. */
  #lastEnd: MillraceError | undefined;

  constructor(parts: PoisonWatchParts) {
    this.#parts = parts;
  }

  /** How many messages may be unanswered, as the session knows it; UNPACED: as many as it takes. */
  get window(): number {
    return this.#window;
  }

  /** `hold`: nothing goes out, whatever the search says. */
  pace(hold: boolean, now: number): void {
    const window = hold ? 0 : this.search.windowAt(now);
    if (window === this.#window) return;
    this.#window = window;
    this.#parts.publisher().pace(window, now);
  }

  /** A message that the search blames now is given up, or sent once more later, as the retry strategy says. */
  judge(now: number): void {
    const row = this.#parts.publisher().message(this.search.blamed(now));
    if (row instanceof Row) this.#condemn(row, now);
  }

  /** A connection, or an attempt to have one, ended. */
  handleEnded(error: MillraceError, { connected, now }: { readonly connected: boolean; readonly now: number }): void {
    if (connected) this.#lastEnd = error;
    const { lastOwed, lastAlone } = this.#parts.publisher();
    this.search.handleEnded({ byPeer: endedByPeer(error), unanswered: lastOwed, alone: lastAlone }, now);
  }

  /** R20: a DISCONNECT that allows it is followed by a re-send under the same id (R12), as the strategy says. */
  #condemn(row: Row, now: number): void {
    const { retry, outcome, publisher, giveUp } = this.#parts;
    const error = poisonError(row, this.#lastEnd);
    const wait = error.retryable ? retryWait(retry, row.attempt, error) : error;
    if (!(wait instanceof MillraceError)) {
      row.attempt += 1;
      this.search.postpone(now + wait);
      outcome.retried(row);
      return;
    }
    try {
      publisher().abandon(row.seq);
    } catch (thrown) {
      outcome.failed(MillraceError.from(thrown));
      return;
    }
    this.search.forget();
    outcome.suspected(row, 'blamed');
    giveUp(row, wait);
  }

  #tell(seq: number, finding: Finding): void {
    const row = this.#parts.publisher().message(seq);
    if (row instanceof Row) this.#parts.outcome.suspected(row, finding);
  }
}

/**
 * Codes of a DISCONNECT that can speak of a PUBLISH (5: 3.14.2.1): malformed, protocol error, implementation specific, not authorized,
 * topic name invalid, packet too large, quota exceeded, payload format invalid, retain or QoS not supported.
 */
const OF_A_PUBLISH: ReadonlySet<number> = new Set([0x81, 0x82, 0x83, 0x87, 0x90, 0x95, 0x97, 0x99, 0x9a, 0x9b]);

/** Whether an end of a connection is the peer's word about what it was sent (R20a): never what our own decoder or clock raised. */
const endedByPeer = ({ code, reasonCode }: MillraceError): boolean => {
  if (code === 'DISCONNECTED_BY_BROKER') return reasonCode !== undefined && OF_A_PUBLISH.has(reasonCode);
  return code === 'CONNECTION_LOST';
};

/** PUBLISH_REFUSED, with the code of the DISCONNECT where there is one. */
const poisonError = ({ topic, payload }: Row, cause: MillraceError | undefined): MillraceError => {
  const { reasonCode } = cause ?? {};
  const text = `the broker ended ${POISON_ENDS} connections in a row at a message of ${payload.length} bytes to topic "${topic}", while nothing else was unanswered`;
  return new MillraceError('PUBLISH_REFUSED', cause === undefined ? text : `${text}: ${cause.message}`, {
    cause,
    retryable: reasonCode !== undefined && isRetryableRefusal(reasonCode),
    advice:
      (reasonCode === undefined ? undefined : refusalAdvice(reasonCode)) ??
      'The broker does not take this topic or this size, or does not let this client publish to it: see its log.',
    details: { topic, payloadBytes: payload.length },
    ...(reasonCode === undefined ? {} : { reasonCode }),
  });
};
