import type { QualityOfService } from '../../protocol/quality-of-service.js';

/** A subscription that the connection keeps granted. `subscriptionIdentifier` is sent on 5.0 only. */
export interface WantedSubscription {
  readonly filter: string;
  readonly qos: QualityOfService;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  readonly retainHandling: 0 | 1 | 2;
  readonly subscriptionIdentifier: number | undefined;
}

/** A subscription that the session is known to have. Its requested QoS is that of the subscription. */
export interface HeldSubscription {
  readonly subscription: WantedSubscription;
  readonly granted: QualityOfService;
}

/** What the filter was granted. `granted` below what was asked for is a downgrade. */
export interface GrantedSubscription {
  readonly filter: string;
  readonly requested: QualityOfService;
  readonly granted: QualityOfService;
}
