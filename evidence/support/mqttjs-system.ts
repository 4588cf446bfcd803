import { fileURLToPath } from 'node:url';
import { nodeLaunch } from '../../test/support/kill/kill-launch.js';
import type { BridgeSystem, Endpoints } from '../../test/support/kill/kill-system.js';

/** How a bridge of MQTT.js acknowledges: see `contenders/mqttjs-bridge.mjs`. */
export type MqttJsVariant = 'message' | 'handle' | 'acks';

const BRIDGE = fileURLToPath(new URL('../contenders/mqttjs-bridge.mjs', import.meta.url));

const TITLES: Readonly<Record<MqttJsVariant, string>> = {
  message: 'MQTT.js, `message` event',
  handle: 'MQTT.js, `handleMessage`',
  acks: 'MQTT.js, `customHandleAcks`',
};

/** A bridge of two MQTT.js clients at QoS 2. `storeModule`: the path of mqtt-level-store, for its packets in flight. */
export function mqttJsBridge(variant: MqttJsVariant, storeModule?: string): BridgeSystem {
  const launch = async (ends: Endpoints) =>
    nodeLaunch([BRIDGE], {
      EVIDENCE_BRIDGE: JSON.stringify({ ...ends, variant, qos: 2, storeModule, reconnectPeriod: 20 }),
    });
  const title = `${TITLES[variant]}, ${storeModule === undefined ? 'memory store' : 'mqtt-level-store'}`;
  return { title, qos: 2, promise: 0, launch };
}
