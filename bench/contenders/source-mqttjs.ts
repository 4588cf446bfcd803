import { connectAsync } from 'mqtt';
import { serveContender } from '../support/contender.js';
import { FILTER } from '../support/workload.js';

await serveContender(async ({ url, clientId, qos, messages, window }) => {
  const client = await connectAsync(url, {
    clientId,
    protocolVersion: 5,
    keepalive: 0,
    properties: { receiveMaximum: window },
  });
  let received = 0;
  let done = () => {};
  client.on('message', () => {
    received += 1;
    if (received === messages) done();
  });
  await client.subscribeAsync(FILTER, { qos });
  return {
    run: () =>
      new Promise((resolve) => {
        done = resolve;
      }),
    close: () => client.endAsync(true),
  };
});
