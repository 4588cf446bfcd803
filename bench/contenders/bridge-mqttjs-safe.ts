import { connectAsync } from 'mqtt';
import { bridgeMqttJs } from '../support/bridge-mqttjs.js';
import { serveContender } from '../support/contender.js';

/* Acknowledges a message when the other broker has confirmed its copy: `handleMessage` with back-pressure, as MQTT.js documents it. */
await serveContender(async (task) => {
  const to = await connectAsync(task.toUrl, { clientId: `${task.clientId}-0`, protocolVersion: 5, keepalive: 0 });
  return bridgeMqttJs(task, to, (from, forwarded) => {
    from.handleMessage = (packet, callback) => {
      to.publish(packet.topic, packet.payload, { qos: packet.qos }, (error) => {
        callback(error ?? undefined);
        forwarded();
      });
    };
  });
});
