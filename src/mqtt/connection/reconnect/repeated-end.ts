import { MillraceError } from '../../../errors/millrace-error.js';

/** How many connections in a row may end in the same way, by bytes of the broker that we do not take. */
const SAME_ENDS = 5;

/**
 * Finds out that a broker sends on every connection what ends it: a packet above our maximum, or one that cannot be delimited (R22).
 * It would come again for ever, and nothing behind it.
 */
export class RepeatedEnd {
  readonly #counts: (error: MillraceError) => string | undefined;
  #last: string | undefined;
  #lastText = '';
  #count = 0;

  /** `receives`: messages are expected from the broker. Where they are not, garbage is an outage like any other, and ours wait. */
  constructor(receives: boolean) {
    this.#counts = receives ? reasonOf : tooLargeReason;
  }

  /**
   * A connection ended with this error; `progressed`: messages or answers came on it. The fatal one, when it was once too often. Where
   * nothing moves, another packet id in the same words is the same end.
   */
  after(error: MillraceError, progressed = false): MillraceError | undefined {
    const reason = this.#counts(error);
    const same = reason !== undefined && reason === this.#last && (!progressed || error.message === this.#lastText);
    this.#count = same ? this.#count + 1 : 1;
    this.#last = reason;
    this.#lastText = error.message;
    if (reason === undefined || this.#count < SAME_ENDS) return undefined;
    return error.code === 'PACKET_TOO_LARGE' ? tooLargeError(error) : undelimitedError(error);
  }
}

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
