import type { Properties } from '../properties.js';
import type { QualityOfService } from '../quality-of-service.js';

/** What `publish` takes. Payload and properties must not be changed afterwards: they are kept for re-sending
 * until the message is complete: at QoS 2 that is PUBCOMP, not PUBREC (R10). */
export interface OutboundMessage {
  /** Given by the caller for QoS 1 and 2, ascending by one or more; the packet id is `1 + seq mod 60000` (R8). Ignored at QoS 0. */
  readonly seq: number;
  /** A topic name, without wildcards. */
  readonly topic: string;
  /** Large ones are not copied on their way to the socket. */
  readonly payload: Uint8Array;
  /** 0: it is written once, and nothing is told of it. */
  readonly qos: QualityOfService;
  /** The server is to keep it for later subscribers. */
  readonly retain: boolean;
  /** 5.0 only, without a topic alias. */
  readonly properties?: Properties;
}
