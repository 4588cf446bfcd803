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
