import { MillraceError } from '../../../errors/millrace-error.js';

/** How many connections in a row may end in the same way, by bytes of the broker that we do not take. */
const SAME_ENDS = 5;
/** Servers that redirects name are any number. */
const MOST_SERVERS = 100;

/** Where an end was, and whether messages or answers came before it. */
export interface EndPlace {
  /** As it is told. */
  readonly server: string;
  /** Messages, or answers to them, came on the connection. */
  readonly progressed: boolean;
}

/**
 * Which ends count. `answers` to CONNECT: all that cannot be taken are one. `messages`, which are expected from the broker: those that are
 * alike. `sizes`: where none are expected garbage is an outage like any other, and ours wait.
 */
export type CountedEnds = 'answers' | 'messages' | 'sizes';

/** Ends in a row at one server. */
interface SameEnds {
  readonly reason: string;
  /** Of the last one. */
  readonly text: string;
  readonly count: number;
}

/**
 * Finds out that a broker sends on every connection what ends it: a packet above our maximum, or one that cannot be delimited (R22).
 * It would come again for ever, and nothing behind it. Of a failover list each server is counted for itself: they fail by turns.
 */
export class RepeatedEnd {
  readonly #reasonOf: (error: MillraceError) => string | undefined;
  readonly #ends = new Map<string, SameEnds>();

  constructor(counted: CountedEnds) {
    this.#reasonOf = REASONS[counted];
  }

  /**
   * A connection ended with this error. The fatal one, when it was once too often at that server. Where nothing moves, another packet id in
   * the same words is the same end.
   */
  after(error: MillraceError, { server, progressed }: EndPlace): MillraceError | undefined {
    const last = this.#ends.get(server);
    this.#ends.delete(server);
    const reason = this.#reasonOf(error);
    if (reason === undefined) return undefined;
    const same = reason === last?.reason && (!progressed || error.message === last.text);
    const count = same ? last.count + 1 : 1;
    this.#ends.set(server, { reason, text: error.message, count });
    if (this.#ends.size > MOST_SERVERS) {
      const [oldest = server] = this.#ends.keys();
      this.#ends.delete(oldest);
    }
    if (count < SAME_ENDS) return undefined;
    return error.code === 'PACKET_TOO_LARGE' ? tooLargeError(error) : undelimitedError(error);
  }
}

const REASONS: Readonly<Record<CountedEnds, (error: MillraceError) => string | undefined>> = {
  answers: (error) => (reasonOf(error) === undefined ? undefined : 'answer'),
  messages: reasonOf,
  sizes: tooLargeReason,
};

/** The packets of one outbox of a broker differ in size, the bytes that it has wrong do not. */
function reasonOf(error: MillraceError): string | undefined {
  const { code, message } = error;
  if (code === 'MALFORMED_PACKET' || code === 'PROTOCOL_ERROR') return `${code} ${message.replace(/\d+/g, '#')}`;
  return tooLargeReason(error);
}

function tooLargeReason({ code }: MillraceError): string | undefined {
  return code === 'PACKET_TOO_LARGE' ? code : undefined;
}

/** Below 5.0 a server cannot know our maximum, and would send the message again on every connection. */
function tooLargeError(cause: MillraceError): MillraceError {
  const text = `the broker sends a packet that is too large, on ${SAME_ENDS} connections in a row`;
  return new MillraceError('PACKET_TOO_LARGE', `${text}: ${cause.message}`, {
    cause,
    retryable: false,
    advice: cause.advice ?? 'Raise properties.maximumPacketSize, or remove the message from the broker.',
    details: cause.details,
  });
}

function undelimitedError(cause: MillraceError): MillraceError {
  const text = `the broker sends what cannot be taken apart, on ${SAME_ENDS} connections in a row`;
  return new MillraceError(cause.code, `${text}: ${cause.message}`, {
    cause,
    retryable: false,
    advice:
      'Remove the message from the broker, or mend the broker or what stands before it: see the cause. Where it is its MQTT 5.0, protocolVersion 4 helps.',
    details: cause.details,
    ...(cause.reasonCode === undefined ? {} : { reasonCode: cause.reasonCode }),
  });
}
