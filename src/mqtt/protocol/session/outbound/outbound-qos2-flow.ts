import type { OutboundFlow } from './outbound-flow.js';

/**
 * A message sent at QoS 2 [MQTT-4.3.3-1 to 4.3.3-6]. PUBREL waits for the owner's `release` (R9) and is what is re-sent
 * from then on. A repeated PUBREC changes nothing. PUBREC 0x91 is the answer of some servers to a copy of what they
 * already have, so it counts as received for a message that this epoch has sent before, and only for such a one (R9a).
 * PUBACK is the answer of servers that have no QoS 2 (RabbitMQ): they have taken the message, at QoS 1.
 */
export const OUTBOUND_QOS2: OutboundFlow = {
  unsent: {
    send: { next: 'sent', action: 'publish' },
  },
  sent: {
    send: { next: 'resent', action: 'publish-dup' },
    puback: { next: 'done', action: 'downgraded' },
    'puback-refused': { next: 'done', action: 'refused' },
    pubrec: { next: 'received', action: 'received' },
    'pubrec-in-use': { next: 'done', action: 'refused' },
    'pubrec-refused': { next: 'done', action: 'refused' },
  },
  resent: {
    send: { next: 'resent', action: 'publish-dup' },
    puback: { next: 'done', action: 'downgraded' },
    'puback-refused': { next: 'done', action: 'refused' },
    pubrec: { next: 'received', action: 'received' },
    'pubrec-in-use': { next: 'received', action: 'received' },
    'pubrec-refused': { next: 'done', action: 'refused' },
  },
  received: {
    send: { next: 'received', action: 'none' },
    release: { next: 'released', action: 'pubrel' },
    pubrec: { next: 'received', action: 'none' },
    'pubrec-in-use': { next: 'received', action: 'none' },
    'pubrec-refused': { next: 'received', action: 'none' },
  },
  released: {
    send: { next: 'released', action: 'pubrel' },
    release: { next: 'released', action: 'none' },
    pubrec: { next: 'released', action: 'none' },
    'pubrec-in-use': { next: 'released', action: 'none' },
    'pubrec-refused': { next: 'released', action: 'none' },
    pubcomp: { next: 'done', action: 'delivered' },
  },
  done: {},
};
