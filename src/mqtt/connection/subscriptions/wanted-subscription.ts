import type { QualityOfService } from '../../protocol/quality-of-service.js';

/** A subscription that the connection keeps granted. `subscriptionIdentifier` is sent on 5.0 only. */
export interface WantedSubscription {
  /** As it is sent, with `$share/` where it is shared. */
  readonly filter: string;
  /** The highest at which messages are to come. */
  readonly qos: QualityOfService;
  /** Messages of our own client id are not sent to us (5.0). */
  readonly noLocal: boolean;
  /** The RETAIN flag of a message stays as it was published (5.0). */
  readonly retainAsPublished: boolean;
  /** Retained messages: 0 at each SUBSCRIBE, 1 at one that is new to the session, 2 never (5.0). */
  readonly retainHandling: 0 | 1 | 2;
  /** From 1, where filters of the source overlap, and each brings a copy [MQTT-3.3.4-2]; undefined where none do. */
  readonly subscriptionIdentifier: number | undefined;
}

/** A subscription that the session is known to have. Its requested QoS is that of the subscription. */
export interface HeldSubscription {
  /** As it was asked for last. */
  readonly subscription: WantedSubscription;
  /** What the broker granted. */
  readonly granted: QualityOfService;
}

/** What the filter was granted. `granted` below what was asked for is a downgrade. */
export interface GrantedSubscription {
  /** As it was sent. */
  readonly filter: string;
  /** That of our SUBSCRIBE. */
  readonly requested: QualityOfService;
  /** That of the SUBACK. */
  readonly granted: QualityOfService;
}
