import { heldBytes } from '../protocol/held-bytes.js';
import type { Properties } from '../protocol/properties.js';
import type { QualityOfService } from '../protocol/quality-of-service.js';
import type { OutboundMessage } from '../protocol/session/outbound-message.js';

/** What a Row is made of: a message without its place in the session. */
export interface RowContent {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: QualityOfService;
  readonly retain: boolean;
  readonly properties: Properties | undefined;
}

/**
 * One item's message on its way through a lane: the only object that is made for it. The session is given the row itself,
 * so `seq` changes only when the session does not hold it (before the first publish, after a refusal).
 */
export class Row implements OutboundMessage {
  /** The item's number in the order of `write`. */
  readonly index: number;
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: QualityOfService;
  readonly retain: boolean;
  /** Taken away on a 3.x connection. */
  declare properties?: Properties;
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
    if (content.properties !== undefined) this.properties = content.properties;
  }
}
