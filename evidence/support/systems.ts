import { type BridgeSystem, millraceBridge } from '../../test/support/kill/kill-system.js';
import { levelStore } from './level-store.js';
import { mqttJsBridge } from './mqttjs-system.js';

/** The bridge of this project under exactly-once. */
export const exactlyOnce = millraceBridge();

/** The bridge of this project without a store. */
export const atLeastOnce = millraceBridge({ guarantee: 'at-least-once', qos: 1 });

/** The bridge of this project as it is when nothing is promised: it acknowledges on receipt. */
export const none = millraceBridge({ guarantee: 'none', qos: 1 });

/** The bridges of MQTT.js. */
export function mqttJsSystems(): BridgeSystem[] {
  const store = levelStore();
  return [
    mqttJsBridge('message'),
    ...(store === undefined ? [] : [mqttJsBridge('message', store)]),
    mqttJsBridge('handle'),
    mqttJsBridge('acks'),
  ];
}
