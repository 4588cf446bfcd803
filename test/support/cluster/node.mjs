/*
 * A node of a cluster that tests kill: it counts the messages of each topic, exactly once. What its job tells goes out as lines, SIGTERM hands over
 * what it has.
 */
const { CLUSTER_MILLRACE, CLUSTER_OPTIONS } = process.env;
const { Engine, MqttSinks, MqttSources, Pipeline } = await import(CLUSTER_MILLRACE);
const { engine: options, job, from, to, protocolVersion } = JSON.parse(CLUSTER_OPTIONS);

const connectOptions = () => ({ reconnectPeriod: 20, maxReconnectPeriod: 200, connackTimeout: 2_000, protocolVersion });

const pipeline = Pipeline.create();
pipeline
  .readFrom(
    MqttSources.builder()
      .clientId('counter')
      .broker(from)
      .topic('counting/in/#')
      .qualityOfService(2)
      .keepSession()
      .connectOptionsFn(connectOptions)
      .mapToItemFn((topic, payload) => ({ level: topic.split('/').at(-1), text: payload.toString() }))
      .build(),
  )
  .groupingKey(({ level }) => level)
  .mapStateful(
    () => ({ count: 0 }),
    (state, _key, { level, text }) => {
      state.count += 1;
      return { level, text: `${state.count} ${text}` };
    },
  )
  .setName('count')
  .writeTo(
    MqttSinks.builder()
      .clientId('counter-out')
      .broker(to)
      .messageFn(({ level, text }) => ({ topic: `out/${level}`, payload: text, qos: 2 }))
      .connectOptionsFn(connectOptions)
      .build(),
  );

const say = (line) => console.log(JSON.stringify(line));
const engine = await Engine.cluster(options);
const running = engine.newJob(pipeline, {
  name: 'counting',
  processingGuarantee: 'exactly-once',
  ...job,
  onEvent: ({ error, ...event }) =>
    say(error === undefined ? event : { ...event, error: `${error.code} ${error.message}` }),
});
process.once('SIGTERM', () => void engine.shutdown());
await running.join().catch(({ code, message }) => say({ kind: 'ended', code, message }));
