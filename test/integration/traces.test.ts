import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as api from '@opentelemetry/api';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { Engine, type MessageProperties, MqttSinks, MqttSources, Pipeline } from '../../src/index.js';
import { type OpenTelemetryTracesOptions, openTelemetryTraces } from '../../src/opentelemetry/index.js';
import { startMosquitto } from '../support/brokers/mosquitto.js';
import { connectPeer } from '../support/clients/mqtt-peer.js';
import { LIMIT } from '../support/limits.js';
import { startChaosProxy } from '../support/proxy/chaos-proxy.js';
import { tempDir } from '../support/temp-dir.js';
import { Told } from '../support/told.js';
import { until } from '../support/until.js';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';
const TRACEPARENT = `00-${TRACE}-${SPAN}-01`;

/** Traces with a provider of its own, and the spans that have ended. */
const traced = (options: Partial<OpenTelemetryTracesOptions> = {}) => {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const trace = Object.assign(Object.create(api.trace), { getTracer: (name: string) => provider.getTracer(name) });
  const tracing = openTelemetryTraces({ api: { ...api, trace }, ...options });
  const spans = (name: string): readonly ReadableSpan[] =>
    exporter.getFinishedSpans().filter((span) => span.name.split(' ')[0] === name);
  return { spans, [Symbol.dispose]: () => tracing[Symbol.dispose]() };
};

const linksOf = (span: ReadableSpan | undefined): readonly string[] =>
  span?.links.map(({ context }) => context.spanId) ?? [];
const idOf = (span: ReadableSpan | undefined): string => span?.spanContext().spanId ?? 'none';
const traceOf = (span: ReadableSpan | undefined): string => span?.spanContext().traceId ?? 'none';

interface Ends {
  readonly from: string;
  readonly to: string;
  readonly properties?: (received: MessageProperties) => MessageProperties;
}

const pipelineOf = ({ from, to, properties = () => ({}) }: Ends): Pipeline => {
  const quick = () => ({ reconnectPeriod: 20, maxReconnectPeriod: 100 });
  const pipeline = Pipeline.create();
  pipeline
    .readFrom(
      MqttSources.builder({ broker: from, clientId: 'in', topic: 'in/#', qualityOfService: 2, keepSession: true })
        .connectOptionsFn(quick)
        .mapToItemFn((_topic, message) => ({ text: message.toString(), properties: properties(message.properties) }))
        .build(),
    )
    .writeTo(
      MqttSinks.builder<{ text: string; properties: MessageProperties }>({
        broker: to,
        clientId: 'out',
        topic: 'out',
        qualityOfService: 2,
        messageFn: ({ text, properties: sent }) => ({ payload: text, properties: sent }),
        connectOptionsFn: quick,
      }).build(),
    );
  return pipeline;
};

/** A 5.0 client at the broker, and the user properties of what comes out. */
const peerAt = async (port: number) => {
  const peer = await connectPeer(port, { protocolVersion: 5 });
  const seen: Record<string, unknown>[] = [];
  peer.client.on('message', (_topic, _payload, { properties }) => void seen.push({ ...properties?.userProperties }));
  await peer.client.subscribeAsync('out', { qos: 2 });
  const publish = (userProperties: Record<string, string>) =>
    peer.publish('in/secret', 'hello', { qos: 2, properties: { userProperties } });
  return { seen, publish, [Symbol.asyncDispose]: () => peer.close() };
};

test(
  'a message is a receive, a process and a publish, linked to each other and to the context that it brought',
  LIMIT,
  async () => {
    await using broker = await startMosquitto();
    using tracing = traced();
    await using peer = await peerAt(broker.port);
    const job = Engine.embedded().newJob(pipelineOf({ from: broker.url, to: broker.url }));
    await job.whenRunning();
    await peer.publish({ traceparent: TRACEPARENT, tracestate: 'a=1' });
    await until(() => tracing.spans('publish').length === 1 && tracing.spans('process').length === 1);
    const [receive, process, publish] = ['receive', 'process', 'publish'].map((name) => tracing.spans(name)[0]);
    assert.deepEqual(
      [receive, process, publish].map((span) => span?.name),
      ['receive in', 'process in', 'publish out'],
    );
    // never a parent by itself
    assert.deepEqual(linksOf(receive), [SPAN]);
    assert.notEqual(traceOf(receive), TRACE);
    assert.equal(receive?.parentSpanContext, undefined);
    assert.equal(receive?.links[0]?.context.traceState?.serialize(), 'a=1');
    assert.equal(process?.parentSpanContext?.spanId, idOf(receive));
    assert.deepEqual(linksOf(publish), [idOf(process)]);
    await until(() => peer.seen.length === 1);
    assert.deepEqual(peer.seen[0], { traceparent: `00-${traceOf(process)}-${idOf(process)}-01` });
    // nothing that a publisher chooses
    assert.ok(!JSON.stringify([receive?.attributes, process?.attributes, publish?.attributes]).includes('secret'));
    await job.drain();
  },
);

test('where the user says so a trace goes on, through what the message carries on', LIMIT, async () => {
  await using broker = await startMosquitto();
  using tracing = traced({ continueTraces: true, topics: true });
  await using peer = await peerAt(broker.port);
  const properties = ({ userProperties }: MessageProperties) => ({ userProperties });
  const job = Engine.embedded().newJob(pipelineOf({ from: broker.url, to: broker.url, properties }));
  await job.whenRunning();
  await peer.publish({ traceparent: TRACEPARENT });
  await peer.publish({ traceparent: `${TRACEPARENT}-more` });
  await until(() => tracing.spans('publish').length === 2 && tracing.spans('process').length === 2);
  const [first, second] = tracing.spans('receive');
  assert.equal(first?.parentSpanContext?.spanId, SPAN);
  assert.equal(first?.attributes['messaging.destination.name'], 'in/secret');
  assert.deepEqual(
    ['receive', 'process', 'publish'].map((name) => traceOf(tracing.spans(name)[0])),
    [TRACE, TRACE, TRACE],
  );
  // one that is not right is none, and is passed on as it came: it is of who made the message
  assert.equal(second?.parentSpanContext, undefined);
  await until(() => peer.seen.length === 2);
  assert.deepEqual(peer.seen, [{ traceparent: TRACEPARENT }, { traceparent: `${TRACEPARENT}-more` }]);
  await job.drain();
});

test('what is published after a restart is linked by what stands in the stored message', LIMIT, async () => {
  await using source = await startMosquitto();
  await using target = await startMosquitto();
  await using proxy = await startChaosProxy({ to: target });
  await using peer = await peerAt(source.port);
  await using witness = await peerAt(target.port);
  const dir = tempDir('traces');
  const begin = () => {
    const engine = Engine.embedded({ dir, warnings: false });
    const pipeline = pipelineOf({ from: source.url, to: `mqtt://127.0.0.1:${proxy.port}` });
    const job = engine.newJob(pipeline, { name: 'traced', processingGuarantee: 'exactly-once' });
    return { job, end: () => engine.shutdown() };
  };
  let context: string;
  {
    using tracing = traced();
    const { job, end } = begin();
    await job.whenRunning();
    using told = new Told('disconnect');
    proxy.refuse();
    proxy.cutAll();
    // else it is sent into the cut, and is in doubt: that is sent again, and no publish
    await until(() => told.names.length > 0);
    await peer.publish({ of: 'the first run' });
    await until(() => job.metrics().outboxMessages === 1 && tracing.spans('process').length === 1);
    context = idOf(tracing.spans('process')[0]);
    await end();
    assert.equal(tracing.spans('publish').length, 0);
  }
  using tracing = traced();
  proxy.heal();
  const { end } = begin();
  await until(() => tracing.spans('publish').length === 1);
  assert.deepEqual(linksOf(tracing.spans('publish')[0]), [context]);
  await until(() => witness.seen.length === 1);
  assert.match(String(witness.seen[0]?.traceparent), new RegExp(context));
  await end();
});
