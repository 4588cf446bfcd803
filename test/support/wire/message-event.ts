import type { MessageEvent } from '../../../src/mqtt/protocol/session/session-event.js';

/** A message as the session delivers it: QoS 1 on topic `t` unless said otherwise. */
export const messageEvent = (fields: Partial<MessageEvent> & { readonly token: number }): MessageEvent => ({
  type: 'message',
  topic: 't',
  payload: new Uint8Array(),
  qos: 1,
  retain: false,
  dup: false,
  properties: undefined,
  rejection: undefined,
  leftOut: undefined,
  ...fields,
});
