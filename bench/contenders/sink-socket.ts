import { serveContender } from '../support/contender.js';
import { RawPublisher } from '../support/raw-publisher.js';

/* The floor: packets made before the run, the same window. */
await serveContender(async ({ url, clientId, qos, messages, window }) => {
  const publisher = await RawPublisher.open(url, clientId, qos === 2 ? 2 : 1, window);
  return { run: () => publisher.publish(messages), close: async () => publisher.close() };
});
