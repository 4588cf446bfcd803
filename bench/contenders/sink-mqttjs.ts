import { connectAsync } from 'mqtt';
import { serveContender } from '../support/contender.js';
import { payloadOf, topicOf } from '../support/workload.js';

await serveContender(async ({ url, clientId, qos, messages, window }) => {
  const client = await connectAsync(url, { clientId, protocolVersion: 5, keepalive: 0 });
  const payload = payloadOf(0);
  return {
    run: () =>
      new Promise((resolve, reject) => {
        let sent = 0;
        let completed = 0;
        const next = () => {
          client.publish(topicOf(sent++), payload, { qos }, (error) => {
            if (error) return reject(error);
            completed += 1;
            if (completed === messages) resolve();
            else if (sent < messages) next();
          });
        };
        while (sent < Math.min(window, messages)) next();
      }),
    close: () => client.endAsync(true),
  };
});
