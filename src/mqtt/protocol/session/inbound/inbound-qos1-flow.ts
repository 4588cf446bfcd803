import type { InboundFlow } from './inbound-flow.js';

/**
 * A message received at QoS 1 [MQTT-4.3.2-4, 4.3.2-5]. It dies with its connection (R14a), so an id can be taken only by
 * a packet of the same connection, and a PUBLISH with DUP 0 for it breaks the server's duty to use a free one [MQTT-2.2.1-4].
 * PUBACK frees the id.
 */
export const INBOUND_QOS1: InboundFlow = {
  free: {
    publish: { next: 'taken', action: 'deliver' },
    'publish-dup': { next: 'taken', action: 'deliver' },
  },
  taken: {
    'publish-dup': { next: 'taken', action: 'none' },
    accept: { next: 'accepted', action: 'answer' },
  },
  accepted: {
    'publish-dup': { next: 'accepted', action: 'none' },
  },
  releasing: {},
};
