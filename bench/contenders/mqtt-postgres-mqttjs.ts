import { connect, type MqttClient } from 'mqtt';
import pg from 'pg';
import { serveContender } from '../support/contender.js';

/**
 * A backlog of a broker into a table by MQTT.js and `pg`, a row for each message, acknowledged behind its COMMIT (`handleMessage`): what a
 * crash leaves in doubt comes again.
 */
await serveContender(async ({ url, toUrl, messages, clientId }) => {
  const database = new pg.Client({ connectionString: toUrl });
  await database.connect();
  let broker: MqttClient | undefined;
  const text = 'INSERT INTO messages (topic, payload) VALUES ($1, $2)';
  return {
    run: () =>
      new Promise<void>((resolve, reject) => {
        let count = 0;
        broker = connect(url, {
          clientId,
          protocolVersion: 5,
          clean: false,
          keepalive: 0,
          properties: { sessionExpiryInterval: 3600 },
        });
        broker.once('error', reject);
        broker.handleMessage = ({ topic, payload }, callback) => {
          database.query({ name: 'row', text, values: [topic, payload.toString()] }).then(() => {
            callback();
            count += 1;
            if (count === messages) resolve();
          }, callback);
        };
      }),
    close: async () => {
      await broker?.endAsync(true);
      await database.end();
    },
  };
});
