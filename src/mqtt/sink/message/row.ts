import { heldBytes } from '../../protocol/held-bytes.js';
import type { Properties } from '../../protocol/properties.js';
import type { QualityOfService } from '../../protocol/quality-of-service.js';
import type { OutboundMessage } from '../../protocol/session/outbound-message.js';
import { agedProperties } from './message-expiry.js';

/** What a Row is made of: a message without its place in the session. */
export interface RowContent {
  /** Checked: it can be published to. */
  readonly topic: string;
  /** Not copied: it must not change until the broker has confirmed it. */
  readonly payload: Uint8Array;
  /** At most what the sink allows. */
  readonly qos: QualityOfService;
  /** As the message or the sink says. */
  readonly retain: boolean;
  /** Taken away before a 3.x broker, which is told (`properties-dropped`). */
  readonly properties: Properties | undefined;
  /** Wall-clock milliseconds at which its Message Expiry Interval is over (R23), on 3.x too. Absent: never. */
  readonly expiresAtMs?: number | undefined;
}

/**
 * One item's message on its way through a queue: the only object that is made for it. The session is given the row itself,
 * so `seq` changes only when the session does not hold it (before the first publish, after a refusal).
 */
export class Row implements OutboundMessage {
  /** The item's number in the order of `write`. With an outbox its seq there: −1 until it has one. */
  index: number;
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: QualityOfService;
  readonly retain: boolean;
  /** Taken away on a 3.x connection. */
  declare properties?: Properties;
  /** As in its content. */
  readonly expiresAtMs: number | undefined;
  /** Its whole Message Expiry Interval in seconds; 0 for none. */
  readonly #wholeS: number;
  /** What the row counts for in byte bounds: `heldBytes`. */
  readonly bytes: number;
  /** −1 until it is published. */
  seq = -1;
  /** From 1; grows with each publish as a new message. */
  attempt = 1;
  /** Published by the pacing of a held topic. */
  paced = false;

  constructor(index: number, content: RowContent) {
    this.index = index;
    this.topic = content.topic;
    this.payload = content.payload;
    this.qos = content.qos;
    this.retain = content.retain;
    this.bytes = heldBytes(content);
    this.expiresAtMs = content.expiresAtMs;
    this.#wholeS = content.properties?.messageExpiryInterval ?? 0;
    if (content.properties !== undefined) this.properties = content.properties;
  }

  /** R23: it is about to be sent, at this wall-clock time. */
  age(wallMs: number): void {
    const { expiresAtMs, properties } = this;
    if (expiresAtMs === undefined || properties === undefined) return;
    this.properties = agedProperties(properties, { expiresAtMs, wholeS: this.#wholeS, wallMs });
  }
}
