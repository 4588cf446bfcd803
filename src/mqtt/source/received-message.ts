import { Buffer } from 'node:buffer';
import type { Properties } from '../protocol/properties.js';
import type { QualityOfService } from '../protocol/quality-of-service.js';
import type { MessageEvent } from '../protocol/session/session-event.js';

/** A message as `mapToItemFn` gets it. */
export class ReceivedMessage {
  /** As the broker names it, a topic alias resolved; a shared subscription's has no `$share/…` before it. */
  readonly topic: string;
  /**
   * A view of the buffer it was read into: copy it (`payload.slice()` of a plain Uint8Array, `new Uint8Array(payload)`) to keep it long, or
   * the whole read buffer is kept.
   */
  readonly payload: Uint8Array;
  /** The QoS at which it was delivered: the lower of the publisher's and the subscription's. */
  readonly qos: QualityOfService;
  /** The broker had it before our subscription; with `retainAsPublished`, as its publisher set it. */
  readonly retain: boolean;
  /** The broker says that it sends this again. A hint only: it does not prove that an earlier copy was seen. */
  readonly dup: boolean;
  /** Empty when there are none, and always below 5.0. */
  readonly properties: Properties;

  /**
   * When it came, in milliseconds since 1970, for a message with a Message Expiry Interval, which counts from then on; else undefined.
   * Whoever hands the message on gives it to the sink as `timestampMs` (R23).
   */
  readonly receivedAtMs: number | undefined;

  constructor(event: MessageEvent) {
    this.topic = event.topic;
    this.payload = event.payload;
    this.qos = event.qos;
    this.retain = event.retain;
    this.dup = event.dup;
    this.properties = event.properties ?? NO_PROPERTIES;
    this.receivedAtMs = event.receivedAtMs;
  }

  /** The payload as UTF-8 text. Ill-formed bytes become U+FFFD, a byte order mark is kept. */
  toString(): string {
    const { buffer, byteOffset, byteLength } = this.payload;
    return Buffer.from(buffer, byteOffset, byteLength).toString('utf8');
  }

  /** The payload parsed as JSON. @throws SyntaxError when it is not JSON: in `mapToItemFn` that is the failure that `onError` is for. */
  json(): unknown {
    return JSON.parse(this.toString());
  }
}

const NO_PROPERTIES: Properties = Object.freeze({});
