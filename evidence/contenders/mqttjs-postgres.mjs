/*
 * MQTT.js and `pg` as a program without a guarantee has them: the session kept (`clean: false`), QoS 1, a row for each message,
 * acknowledged behind its COMMIT (`handleMessage`), tried again on a new connection until it is in. It has the environment of
 * `postgres-pipeline.mjs`.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'mqtt';
import pg from 'pg';

const { KILL_FROM, KILL_PREFIX, KILL_CLIENT_ID, KILL_DATABASE, KILL_TABLE } = process.env;
const RETRY_MS = 50;
const sql = `INSERT INTO ${KILL_TABLE} (topic, text) VALUES ($1, $2)`;

let client;
const database = async () => {
  if (client !== undefined) return client;
  const opening = new pg.Client({
    connectionString: KILL_DATABASE,
    query_timeout: 1000,
    connectionTimeoutMillis: 1000,
  });
  opening.on('error', () => {});
  await opening.connect();
  client = opening;
  return client;
};

const write = async (values) => {
  for (;;) {
    try {
      await (await database()).query(sql, values);
      return;
    } catch {
      client?.end().catch(() => {});
      client = undefined;
      await sleep(RETRY_MS);
    }
  }
};

const broker = connect(KILL_FROM, {
  clientId: KILL_CLIENT_ID,
  clean: false,
  protocolVersion: 5,
  reconnectPeriod: 20,
  properties: { sessionExpiryInterval: 86_400 },
});
broker.on('error', (error) => console.error(String(error)));
broker.handleMessage = ({ topic, payload }, done) => {
  write([topic.split('/').at(-1), payload.toString()]).then(() => done(), done);
};
broker.once('connect', () => broker.subscribe(`${KILL_PREFIX}/in/#`, { qos: 1 }, () => console.error('RUNNING')));

process.once('SIGTERM', () => broker.end(false, {}, () => process.exit(0)));
