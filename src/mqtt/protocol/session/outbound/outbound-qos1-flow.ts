import type { OutboundFlow } from './outbound-flow.js';

/** A message sent at QoS 1 [MQTT-4.3.2-1, 4.3.2-2, 4.3.2-3], re-sent only on another connection [MQTT-4.4.0-1]. */
export const OUTBOUND_QOS1: OutboundFlow = {
  unsent: {
    send: { next: 'sent', action: 'publish' },
  },
  sent: {
    send: { next: 'resent', action: 'publish-dup' },
    puback: { next: 'done', action: 'delivered' },
    'puback-refused': { next: 'done', action: 'refused' },
  },
  resent: {
    send: { next: 'resent', action: 'publish-dup' },
    puback: { next: 'done', action: 'delivered' },
    'puback-refused': { next: 'done', action: 'refused' },
  },
  received: {},
  released: {},
  done: {},
};
