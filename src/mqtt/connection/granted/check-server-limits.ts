import { MillraceError } from '../../../errors/millrace-error.js';
import type { ServerLimits } from '../../protocol/session/session-event.js';
import { soleFilterBytes } from '../subscriptions/subscribe-batches.js';
import type { WantedSubscription } from '../subscriptions/wanted-subscription.js';

/** Characters of a filter in a message. */
const SHOWN = 200;

function refused(filter: string, what: string): MillraceError {
  return new MillraceError('SUBSCRIPTION_REFUSED', `the broker does not do ${what}, which filter "${filter}" needs`, {
    details: { filter },
  });
}

/** [MQTT-3.2.2-15] */
function tooLong(filter: string, maximumPacketSize: number): MillraceError {
  const shown = filter.length > SHOWN ? `${filter.slice(0, SHOWN)}…` : filter;
  return new MillraceError(
    'MESSAGE_TOO_LARGE',
    `a SUBSCRIBE for the filter "${shown}" is above the ${maximumPacketSize} bytes that the broker takes in a packet`,
    {
      advice: 'Raise the Maximum Packet Size of the broker, or use a shorter filter.',
      details: { filter: shown, maximumPacketSize },
    },
  );
}

/**
 * What the CONNACK says against the subscriptions that we want, so that it fails clearly before SUBSCRIBE
 * [MQTT-3.2.2.3.11 to 3.2.2.3.13]. Identifiers are not used below 5.0, where the limits are the defaults.
 */
export function checkServerLimits(
  wanted: readonly Pick<WantedSubscription, 'filter' | 'subscriptionIdentifier'>[],
  limits: ServerLimits,
): MillraceError | undefined {
  for (const { filter, subscriptionIdentifier } of wanted) {
    const shared = filter.startsWith('$share/');
    if (shared && !limits.sharedSubscriptionAvailable) return refused(filter, 'shared subscriptions');
    if (/[+#]/.test(filter) && !limits.wildcardSubscriptionAvailable) return refused(filter, 'wildcard subscriptions');
    if (soleFilterBytes(filter) > limits.maximumPacketSize) return tooLong(filter, limits.maximumPacketSize);
    if (subscriptionIdentifier !== undefined && !limits.subscriptionIdentifiersAvailable) {
      return refused(filter, 'subscription identifiers');
    }
  }
  return undefined;
}
