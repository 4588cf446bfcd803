import { frozenFunctions } from '../../../internal/options/frozen-functions.js';
import type { QualityOfService } from '../../protocol/quality-of-service.js';

/**
 * What a subscription may say besides its filter and QoS. MQTT 5.0: with `noLocal`, `retainAsPublished` or a `retainHandling` of
 * 2 the source falls back to no older version.
 */
export interface SubscriptionOptions {
  /** Do not deliver what this client itself published. Default false. Refused for a shared subscription [MQTT-3.8.3-4]. */
  readonly noLocal?: boolean | undefined;
  /**
   * Keep the retain flag as the publisher set it. Default false: only messages that were retained before the subscription carry
   * it. `if-supported` keeps it on 5.0 and does not stop the fallback to older versions, which cannot.
   */
  readonly retainAsPublished?: boolean | 'if-supported' | undefined;
  /**
   * Retained messages: 0 sends them at each subscribe, 1 only when the session does not have the subscription yet (default: a
   * source subscribes again at each start, R5a), 2 never. 3.x knows only 0.
   */
  readonly retainHandling?: 0 | 1 | 2 | undefined;
}

/** A topic filter with its QoS and options, as plain data. */
export interface Subscription {
  /** May have wildcards, and be `$share/group/filter`. */
  readonly filter: string;
  /** The most at which the broker sends: a message comes at the lower of this and its publisher's [MQTT-3.8.4-8] (R16). */
  readonly qos: QualityOfService;
  /** As in `SubscriptionOptions`, as are the next two, with the defaults filled in. */
  readonly noLocal: boolean;
  /** `if-supported` asks for it on 5.0, and keeps no older version from being tried. */
  readonly retainAsPublished: boolean | 'if-supported';
  /** On 3.x it cannot be sent, and is 0 whatever stands here. */
  readonly retainHandling: 0 | 1 | 2;
}

/** Makes subscriptions, for `subscriptions` of a source. */
export const Subscription = frozenFunctions('Subscription', { of: 3 })({
  /**
   * A subscription to `filter` (wildcards and `$share/group/filter` are allowed) at `qos`, by default 1. Nothing is checked
   * here: `build()` reports what is wrong with all subscriptions at once.
   */
  of(filter: string, qos: QualityOfService = 1, options: SubscriptionOptions = {}): Subscription {
    // what JavaScript may have given besides is for `build()` to refuse
    const { noLocal = false, retainAsPublished = false, retainHandling = 1, ...unknown } = options;
    return Object.freeze({ ...unknown, filter, qos, noLocal, retainAsPublished, retainHandling });
  },
});
