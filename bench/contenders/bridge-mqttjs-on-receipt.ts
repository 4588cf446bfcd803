import { connectAsync } from 'mqtt';
import { bridgeMqttJs } from '../support/bridge-mqttjs.js';
import { serveContender } from '../support/contender.js';

/* Acknowledges on receipt, which is what the `message` event does: a crash loses what is not yet published. */
await serveContender(async (task) => {
  const to = await connectAsync(task.toUrl, { clientId: `${task.clientId}-0`, protocolVersion: 5, keepalive: 0 });
  return bridgeMqttJs(task, to, (from, forwarded) => {
    from.on('message', (topic, payload, packet) => {
      to.publish(topic, payload, { qos: packet.qos }, () => forwarded());
    });
  });
});
