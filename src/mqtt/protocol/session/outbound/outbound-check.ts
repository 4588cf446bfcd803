import { MillraceError } from '../../../../errors/index.js';
import { invalidMessage } from '../../codec/protocol-error.js';
import type { OutboundMessage } from '../outbound-message.js';
import type { ServerLimits } from '../session-event.js';

const RETAIN_NOT_SUPPORTED = 0x9a;
const QOS_NOT_SUPPORTED = 0x9b;

/**
 * Throws INVALID_MESSAGE, with the reason code that the server would send, when it cannot take the message
 * [MQTT-3.2.2-11, 3.2.2-14], and for a topic alias: this session sends none, since a re-send could not have it [MQTT-3.3.2-7].
 * Its size is for the codec to check.
 */
export function checkMessage({ qos, retain, properties }: OutboundMessage, limits: ServerLimits): void {
  if (qos > limits.maximumQoS) {
    throw beyond(
      QOS_NOT_SUPPORTED,
      `QoS ${qos} is above the broker's maximum of ${limits.maximumQoS} [MQTT-3.2.2-11]`,
      `Publish at QoS ${limits.maximumQoS} at most, or use a broker that takes more.`,
    );
  }
  if (retain && !limits.retainAvailable) {
    throw beyond(
      RETAIN_NOT_SUPPORTED,
      'The broker takes no retained messages [MQTT-3.2.2-14]',
      'Publish it without the retain flag, or use a broker that keeps retained messages.',
    );
  }
  if (properties?.topicAlias !== undefined) throw invalidMessage('Topic aliases are not sent: leave topicAlias out');
}

function beyond(reasonCode: number, message: string, advice: string): MillraceError {
  return new MillraceError('INVALID_MESSAGE', message, { reasonCode, advice });
}
