/*
 * A pipeline with a database that tests kill: `millrace run` runs it, its environment says what it is. `in` writes messages into a table;
 * `through` does, too, and publishes what a queue in that database has.
 */
const { KILL_MILLRACE, KILL_FROM, KILL_PREFIX, KILL_CLIENT_ID, KILL_DATABASE, KILL_TABLE, KILL_KIND } = process.env;
const { MqttSinks, MqttSources, Pipeline, RetryStrategies } = await import(KILL_MILLRACE);
const { PostgresSinks, PostgresSources } = await import(new URL('postgres/index.js', KILL_MILLRACE));

const connectOptions = () => ({ reconnectPeriod: 20, maxReconnectPeriod: 200, connackTimeout: 2000 });
const database = {
  connection: KILL_DATABASE,
  retryStrategy: RetryStrategies.indefinitely(50),
  timeoutMs: 1000,
};

export const config = { name: KILL_CLIENT_ID, processingGuarantee: 'exactly-once' };

const messages = () =>
  MqttSources.builder()
    .clientId(KILL_CLIENT_ID)
    .broker(KILL_FROM)
    .topic(`${KILL_PREFIX}/in/#`)
    .qualityOfService(2)
    .keepSession()
    .connectOptionsFn(connectOptions)
    .mapToItemFn((topic, message) => ({ topic: topic.split('/').at(-1), text: message.toString() }))
    .build();

const table = () =>
  PostgresSinks.table({ ...database, table: KILL_TABLE, columns: ['topic', 'text'], createTable: true, batchSize: 64 });

const published = () =>
  MqttSinks.builder({
    clientId: `${KILL_CLIENT_ID}-out`,
    broker: KILL_FROM,
    connectOptionsFn: connectOptions,
    messageFn: ({ topic, text }) => ({ topic: `${KILL_PREFIX}/out/${topic}`, payload: text, qos: 2 }),
  }).build();

export default () => {
  const pipeline = Pipeline.create();
  pipeline.readFrom(messages()).writeTo(table());
  if (KILL_KIND === 'through') {
    const queue = PostgresSources.queue({ ...database, table: KILL_TABLE, pollIntervalMs: 50 });
    pipeline.readFrom(queue).writeTo(published());
  }
  return pipeline;
};
