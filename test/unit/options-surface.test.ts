import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { ClusterEngine } from '../../src/cluster/engine/cluster-engine.js';
import { serve } from '../../src/http/index.js';
import {
  AggregateOperations,
  type ConnectOptions,
  DeadLetters,
  Engine,
  MillraceError,
  MqttSinks,
  MqttSources,
  Pipeline,
  SinkBuilder,
  Sinks,
  StateCodecs,
  Subscription,
  scramSha256,
  Tables,
  TestSources,
  WindowDefinition,
} from '../../src/index.js';
import { logTo } from '../../src/metrics/index.js';
import { openTelemetryMetrics, openTelemetryTraces } from '../../src/opentelemetry/index.js';
import { PostgresSinks, PostgresSources } from '../../src/postgres/index.js';
import { promClientMetrics } from '../../src/prom-client/index.js';
import { MemoryCluster } from '../support/cluster/memory-place.js';

/** Gives these options, which JavaScript may have in any shape, to what takes them. */
const clusterEngine = (): ClusterEngine =>
  new ClusterEngine({ place: new MemoryCluster().place(), node: 'n', leaseMs: 3_000, standbys: 0, warnings: false });

type Give = (options: never) => unknown;

const connected = (options: object) => () =>
  MqttSources.builder()
    .topic('t')
    .connectOptionsFn(() => options)
    .build();
const stage = () => Pipeline.create().readFrom(TestSources.items(1));
const timed = () => stage().withIngestionTimestamps();
const keyed = () => stage().groupingKey((item) => item);

const POSTGRES_SOURCE = { connection: 'postgres://h/d', table: 't' };
const POSTGRES_TABLE = { connection: {}, table: 't', columns: { a: () => 1 } };
const POSTGRES_STATEMENT = { connection: {}, sql: 'SELECT $1', bindFn: () => [1] };

/** For each type of options that the package exports: what takes them, and what else they need. */
const TAKERS: Readonly<Record<string, readonly Give[]>> = {
  EngineOptions: [(options) => Engine.embedded(options)],
  LogOptions: [(options) => logTo(console, options)],
  OpenTelemetryMetricsOptions: [(options) => openTelemetryMetrics(options)],
  OpenTelemetryTracesOptions: [(options) => openTelemetryTraces(options)],
  PromClientOptions: [(options) => promClientMetrics(options)],
  ServeOptions: [(options) => serve(Engine.embedded(), options)],
  HttpTlsOptions: [(tls) => serve(Engine.embedded(), { port: 0, tls })],
  JobOptions: [(options) => Engine.embedded().newJob(pipeline(), options)],
  ClusterOptions: [(options) => Engine.cluster(options)],
  NatsTlsOptions: [(tls) => Engine.cluster({ servers: 'nats://localhost', tls })],
  RunnerJobOptions: [
    (options) => Engine.embedded().newJob(pipeline(), options),
    (options) => clusterEngine().newJob(pipeline(), options),
  ],
  ClusterJobOptions: [(options) => clusterEngine().newJob(pipeline(), options)],
  RestartOptions: [(restart) => Engine.embedded().newJob(pipeline(), { restart })],
  OpenOptions: [(options) => TestSources.items(1).open(options), (options) => Sinks.noop().open(options)],
  ConnectOptions: [
    (options) => connected(options)(),
    (options) =>
      MqttSinks.builder()
        .topic('t')
        .connectOptionsFn(() => options)
        .build(),
    (properties) => connected({ properties })(),
    (wsOptions) => connected({ wsOptions })(),
    (server) => connected({ servers: [server] })(),
  ],
  WillOptions: [(will) => connected({ will })(), (properties) => connected({ will: { topic: 't', properties } })()],
  DeadLetterTopicOptions: [(options) => DeadLetters.topic({ ...Object(options), topic: 't' })],
  MqttSinkOptions: [
    (options) => MqttSinks.builder({ ...Object(options), topic: 't' }).build(),
    (auth) => MqttSinks.builder({ auth, topic: 't' }).build(),
  ],
  MqttSourceBaseOptions: [(options) => MqttSources.builder({ ...Object(options), topic: 't' }).build()],
  MqttSourceOptions: [(auth) => MqttSources.builder({ auth, topic: 't' }).build()],
  MappedMqttSourceOptions: [
    (options) => MqttSources.builder({ ...Object(options), topic: 't', mapToItemFn: () => 1 }).build(),
  ],
  SchemaMqttSourceOptions: [
    (options) => MqttSources.builder({ ...Object(options), topic: 't', schema: z.unknown() }).build(),
  ],
  SubscriptionOptions: [
    (options) =>
      MqttSources.builder()
        .subscriptions(Subscription.of('t', 1, options))
        .build(),
  ],
  MqttTableOptions: [(options) => MqttSources.table({ ...Object(options), topic: 't' })],
  LoadedTableOptions: [
    (options) => Tables.loaded('t', () => [], options),
    (options) => Tables.file('t', () => undefined, options),
  ],
  DeduplicationOptions: [
    (options) =>
      MqttSources.builder()
        .topic('t')
        .deduplicateBy(() => 'k', options)
        .build(),
  ],
  StageOptions: [
    (options) => stage().map(() => 1, options),
    (options) => stage().filter(() => true, options),
    (options) => stage().flatMap(() => [], options),
    (options) => stage().peek(() => {}, options),
    (options) => stage().groupingKey(() => 1, options),
  ],
  ServiceOptions: [
    (options) => stage().mapUsingService(Object, () => 1, undefined, options),
    (options) => stage().lookup(MqttSources.table('t'), () => 't', () => 1, options), // biome-ignore format: one line
  ],
  AsyncServiceOptions: [(options) => stage().mapAsyncUsingService(Object, () => 1, undefined, options)],
  MapAsyncOptions: [(options) => stage().mapAsync(async () => 1, options)],
  ForgetOptions: [(options) => keyed().distinct(options)],
  KeptItemOptions: [(options) => keyed().debounce(1, options), (options) => keyed().sample(1, options)],
  WindowOptions: [
    (options) => timed().window(WindowDefinition.tumbling(1)).aggregate(AggregateOperations.counting(), options),
    (options) =>
      timed()
        .groupingKey((item) => item)
        .window(WindowDefinition.tumbling(1))
        .aggregate(AggregateOperations.counting(), options),
    (options) => {
      const items = timed();
      const { counting } = AggregateOperations;
      return items.window(WindowDefinition.tumbling(1)).aggregate2(counting(), items, counting(), options);
    },
  ],
  SessionizeOptions: [(options) => keyed().sessionize(1, options)],
  TimerOptions: [
    (options) => keyed().mapStateful(Object, () => 1, options),
    (options) => keyed().flatMapStateful(Object, () => [], options),
  ],
  ClockOptions: [
    (options) => keyed().mapStateful(Object, () => 1, options),
    (options) => keyed().flatMapStateful(Object, () => [], options),
    (options) => keyed().sessionize(1, options),
  ],
  TimestampOptions: [(options) => stage().withTimestamps(Number, 0, options)],
  IngestionOptions: [(options) => stage().withIngestionTimestamps(options)],
  StateOptions: [
    (options) => keyed().mapStateful(Object, () => 1, options),
    (options) => keyed().filterStateful(Object, () => true, options),
    (options) => keyed().rollingAggregate(AggregateOperations.counting(), options),
  ],
  ReceiveBatchOptions: [(options) => SinkBuilder.sinkBuilder('s', Object).receiveBatchFn(() => {}, options)],
  PostgresTableOptions: [(options) => PostgresSinks.table({ ...Object(options), ...POSTGRES_TABLE })],
  PostgresStatementOptions: [(options) => PostgresSinks.statement({ ...Object(options), ...POSTGRES_STATEMENT })],
  PostgresSinkOptions: [(options) => PostgresSinks.statement({ ...Object(options), ...POSTGRES_STATEMENT })],
  PostgresQueueOptions: [(options) => PostgresSources.queue({ ...Object(options), ...POSTGRES_SOURCE })],
  PostgresChangesOptions: [(options) => PostgresSources.changes({ ...Object(options), ...POSTGRES_SOURCE })],
  PostgresSourceOptions: [(options) => PostgresSources.changes({ ...Object(options), ...POSTGRES_SOURCE })],
  PostgresConnectionOptions: [(connection) => PostgresSinks.statement({ ...POSTGRES_STATEMENT, connection })],
  StructuredCloneOptions: [(options) => StateCodecs.structuredClone(options)],
  ScramCredentials: [(options) => scramSha256({ ...Object(options), username: 'u', password: 'p' })],
};

/** Each with its reason. */
const PROTOCOL = 'of millrace/protocol, which is driven by code that the compiler has checked';
const NOT_CHECKED: Readonly<Record<string, string>> = {
  MillraceErrorOptions: 'an error must not fail while it is made',
  PacketDecoderOptions: PROTOCOL,
  SessionOptions: PROTOCOL,
};

function pipeline(): Pipeline {
  const made = Pipeline.create();
  made.readFrom(TestSources.items(1)).writeTo(Sinks.noop());
  return made;
}

/** The names in the files that the package's entries are made of; each names all that it exports. */
function exportedOptionTypes(): ReadonlySet<string> {
  const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
  const entries: Readonly<Record<string, { readonly default?: string }>> = JSON.parse(read('package.json')).exports;
  const sources = Object.values(entries).flatMap(({ default: file }) =>
    file === undefined ? [] : [file.replace('./dist/', 'src/').replace(/\.js$/, '.ts')],
  );
  return new Set(sources.flatMap((file) => read(file).match(/\b[A-Z]\w*Options\b/g) ?? []));
}

async function errorOf(give: () => unknown): Promise<unknown> {
  try {
    await give();
  } catch (error) {
    return error;
  }
  return undefined;
}

it('no type of options is exported that is not in the table of this test', () => {
  const unknown = [...exportedOptionTypes()].filter(
    (name) => !Object.hasOwn(TAKERS, name) && !Object.hasOwn(NOT_CHECKED, name),
  );
  assert.deepEqual(unknown, []);
  assert.ok(exportedOptionTypes().size > 10, 'the entries are read');
});

describe('an unknown name is refused', () => {
  for (const [type, takers] of Object.entries(TAKERS)) {
    for (const [index, give] of takers.entries()) {
      it(`in ${type}${takers.length > 1 ? `, place ${index + 1}` : ''}`, async () => {
        const given = { bogusName: 1 } as never;
        const error = await errorOf(() => give(given));
        assert.ok(error instanceof MillraceError, String(error));
        assert.equal(error.code, 'INVALID_OPTIONS');
        assert.match(error.message, /(has|there is) no option "[^"]*bogusName"/);
      });
    }
  }
});

it('what people write is refused with what they mean', async () => {
  const said = async (give: () => unknown) => String(await errorOf(give));
  const engine = Engine.embedded();
  assert.match(
    await said(() => engine.newJob(pipeline(), { guarantee: 'exactly-once' } as never)),
    /the job has no option "guarantee", did you mean "processingGuarantee"\?/,
  );
  assert.match(
    await said(() => MqttSources.builder({ topic: 't', user: 'u' } as never).build()),
    /the source has no option "user", did you mean "username" of connectOptionsFn\?/,
  );
  assert.match(
    await said(() => MqttSinks.builder({ topic: 't', keepAlive: 5 } as never).build()),
    /the sink has no option "keepAlive", did you mean "keepalive" of connectOptionsFn\?/,
  );
  const misplaced: ConnectOptions = { brokers: 'tcp://h' } as never;
  assert.match(await said(connected(misplaced)), /connectOptionsFn has no option "brokers"/);
});

it('all problems are told at once: unknown names, wrong types, and what contradicts', async () => {
  const error = await errorOf(() =>
    MqttSources.builder({ topic: 'a/#/b', usr: 'u', maxBufferedBytes: '1' } as never)
      .keepSession()
      .connectOptionsFn(() => ({ keepalive: '60' }) as never)
      .build(),
  );
  for (const part of [
    /usr/,
    /maxBufferedBytes must be a whole number from 1, not '1'/,
    /keepalive must be .* not '60'/,
    /kept session/,
    /a\/#\/b/,
  ])
    assert.match(String(error), part);
});
