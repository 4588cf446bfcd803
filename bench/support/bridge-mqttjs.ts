import { connect, type MqttClient } from 'mqtt';
import type { Contender, ContenderTask } from './contender.js';

/**
 * A bridge of two MQTT.js clients, which differ in `wire` alone. The reading client connects in `run`: the backlog comes the
 * moment the session is resumed.
 */
export function bridgeMqttJs(
  task: ContenderTask,
  to: MqttClient,
  wire: (from: MqttClient, forwarded: () => void) => void,
): Contender {
  let from: MqttClient | undefined;
  const run = () =>
    new Promise<void>((resolve, reject) => {
      let count = 0;
      const client = connect(task.url, {
        clientId: task.clientId,
        protocolVersion: 5,
        clean: false,
        keepalive: 0,
        properties: { receiveMaximum: receiveMaximum(task), sessionExpiryInterval: 3600 },
      });
      from = client;
      client.once('error', reject);
      wire(client, () => {
        count += 1;
        if (count === task.messages) resolve();
      });
    });
  return {
    run,
    close: async () => {
      await from?.endAsync(true);
      await to.endAsync(true);
    },
  };
}

/**
 * At QoS 2 MQTT.js counts more messages as in flight than mosquitto does, and ends when they exceed its maximum: the broker's window holds.
 */
const receiveMaximum = ({ qos, window }: ContenderTask): number => (qos === 2 ? 65_535 : window);
