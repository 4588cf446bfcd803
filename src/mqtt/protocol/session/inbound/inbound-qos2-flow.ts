import type { InboundFlow } from './inbound-flow.js';

/**
 * A message received at QoS 2 [MQTT-4.3.3-8 to 4.3.3-13]. DUP alone never drops anything: a copy is one only when its id
 * is known (R2a). DUP 0 for a known id proves that the server lost the session, so the message is new (R5a). PUBREL for
 * an unknown id is answered, never an error (R4).
 */
export const INBOUND_QOS2: InboundFlow = {
  free: {
    publish: { next: 'taken', action: 'deliver' },
    'publish-dup': { next: 'taken', action: 'deliver' },
    pubrel: { next: 'free', action: 'pubcomp-unknown' },
  },
  taken: {
    publish: { next: 'taken', action: 'suspect' },
    'publish-dup': { next: 'taken', action: 'answer-later' },
    'publish-other': { next: 'free', action: 'suspect' },
    accept: { next: 'accepted', action: 'answer' },
  },
  accepted: {
    publish: { next: 'taken', action: 'suspect' },
    'publish-dup': { next: 'accepted', action: 'answer' },
    'publish-other': { next: 'free', action: 'suspect' },
    accept: { next: 'accepted', action: 'none' },
    pubrel: { next: 'releasing', action: 'report' },
  },
  releasing: {
    publish: { next: 'taken', action: 'suspect' },
    'publish-dup': { next: 'releasing', action: 'answer' },
    'publish-other': { next: 'free', action: 'suspect' },
    accept: { next: 'releasing', action: 'none' },
    pubrel: { next: 'releasing', action: 'report' },
    complete: { next: 'free', action: 'pubcomp' },
  },
};
