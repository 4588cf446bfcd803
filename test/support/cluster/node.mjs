/*
 * A node of a cluster that tests kill. It runs the jobs that it is told (`ClusterJobSpec`), exactly once. What they tell goes out as lines,
 * SIGTERM hands over what it has.
 */
import { Socket } from 'node:net';

const { CLUSTER_MILLRACE, CLUSTER_OPTIONS } = process.env;
const { AggregateOperations, Engine, MqttSinks, MqttSources, Pipeline, SourceBuilder, WindowDefinition } = await import(
  CLUSTER_MILLRACE
);
const { engine: options, jobs, levels, windows, from, to, network = {} } = JSON.parse(CLUSTER_OPTIONS);

/** All nodes know servers and brokers by the same addresses, and each reaches them through proxies of its own. */
const { connect } = Socket.prototype;
Socket.prototype.connect = function (...args) {
  const [options] = args.flat();
  if (options?.port !== undefined) options.port = network[options.port] ?? options.port;
  return Reflect.apply(connect, this, args);
};

/** A broker that is not reached is to be noticed soon. */
const connectOptions = (protocolVersion) => () => ({
  reconnectPeriod: 20,
  maxReconnectPeriod: 200,
  connackTimeout: 2_000,
  keepalive: 4,
  pingTimeout: 2_000,
  protocolVersion,
});

const spreadOf = ({ name, spread }) =>
  spread === 'levels'
    ? (index, count) =>
        levels.filter((_, at) => at % count === index).map((level) => ({ filter: `${name}/in/${level}`, qos: 2 }))
    : spread;

const FILL = 5;
const FILL_MS = 30;

/** So many items in each partition, of all levels in turn; then it ends. */
const finiteSource = ({ items }) => {
  const source = SourceBuilder.batch('items', ({ partition }) => ({ next: 0, of: partition.index }))
    .fillBufferFn(async (context, buffer) => {
      await new Promise((resolve) => setTimeout(resolve, FILL_MS));
      for (const end = Math.min(items, context.next + FILL); context.next < end; context.next += 1)
        buffer.add({ level: levels[context.next % levels.length], text: `${context.of}/${context.next}` });
      if (context.next === items) buffer.close();
    })
    .createSnapshotFn(({ next }) => next)
    .restoreSnapshotFn((context, next) => {
      context.next = next;
    })
    .build();
  return { ...source, spread: 'each' };
};

const sourceOf = (job) => {
  if (job.items !== undefined) return finiteSource(job);
  const builder = MqttSources.builder()
    .clientId(job.name)
    .broker(from)
    .topic(`${job.name}/in/#`)
    .qualityOfService(2)
    .keepSession()
    .connectOptionsFn(connectOptions(job.protocolVersion))
    .mapToItemFn((topic, payload) => ({ level: topic.split('/').at(-1), text: payload.toString() }));
  return job.spread === undefined ? builder.build() : builder.spread(spreadOf(job)).build();
};

const count = (stage) =>
  stage
    .groupingKey(({ level }) => level)
    .mapStateful(
      () => ({ count: 0 }),
      (state, _key, { level, text }) => {
        state.count += 1;
        return { level, text: `${state.count} ${text}` };
      },
    )
    .setName('count');

const numberOf = ({ text }) => Number(text.split(' ')[1]);

const gathered = AggregateOperations.withCreate(() => [])
  .andAccumulate((all, item) => [...all, numberOf(item)])
  .andCombine((all, later) => [...all, ...later])
  .andDeduct((all, part) => all.filter((n) => !part.includes(n)))
  .andExport((all) => [...all].sort((a, b) => a - b));

/** Messages, and windows of their numbers by a key that those of all levels have. A partition that is away for long is not idle. */
const windowed = (source) => {
  const timed = source.withTimestamps((item) => windows.stepMs * numberOf(item), windows.allowedLagMs, {
    idleTimeoutMs: 3_600_000,
  });
  const results = timed
    .groupingKey((item) => String(numberOf(item) % windows.keys))
    .setName('by key')
    .window(WindowDefinition.sliding(windows.sizeMs, windows.slideMs))
    .aggregate(gathered)
    .setName('windows')
    .map(({ key, start, end, value }) => ({ level: `window/${key}`, text: `${start} ${end} ${value.join(',')}` }));
  return timed.merge(results);
};

const stagesOf = (job, source) => {
  if (job.windows) return windowed(source);
  return job.counts ? count(source) : source;
};

const pipelineOf = (job) => {
  const pipeline = Pipeline.create();
  stagesOf(job, pipeline.readFrom(sourceOf(job))).writeTo(
    MqttSinks.builder()
      .clientId(`${job.name}-out`)
      .broker(to)
      .messageFn(({ level, text }) => ({ topic: `${job.name}/out/${level}`, payload: text, qos: 2 }))
      .connectOptionsFn(connectOptions(job.protocolVersion))
      .build(),
  );
  return pipeline;
};

const say = (line) => console.log(JSON.stringify(line));
const onEvent = ({ error, ...event }) =>
  say(error === undefined ? event : { ...event, error: `${error.code} ${error.message}` });
const engine = await Engine.cluster(options);
process.once('SIGTERM', () => void engine.shutdown());
const run = async (job) => {
  const { name, partitions } = job;
  const running = engine.newJob(pipelineOf(job), {
    name,
    partitions,
    processingGuarantee: 'exactly-once',
    onEvent,
  });
  await running.join().then(
    () => say({ kind: 'completed', job: name }),
    ({ code, message }) => say({ kind: 'ended', job: name, code, message }),
  );
};
await Promise.all(jobs.map(run));
