/*
 * Metrics and traces in OpenTelemetry: a message is followed from its device, over the job, to whoever gets what came of it. The SDK is yours; here it
 * keeps everything in memory, where a program of yours exports it.
 *
 *   npx tsx examples/21-open-telemetry.ts
 */
import * as api from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { Engine, MqttSinks, MqttSources, Pipeline, type ReceivedMessage } from 'millrace';
import { openTelemetryMetrics, openTelemetryTraces } from 'millrace/opentelemetry';
import { startMosquitto } from './support/start-mosquitto.js';
import { until } from './support/until.js';

await using broker = await startMosquitto();

// The SDK, as any program sets it up.
const spans = new InMemorySpanExporter();
api.trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }));
const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
const meters = new MeterProvider({ readers: [new PeriodicExportingMetricReader({ exporter })] });

// Millrace takes both from outside, and loads nothing of OpenTelemetry.
using _tracing = openTelemetryTraces({ api });
const metrics = openTelemetryMetrics({ meter: meters.getMeter('millrace') });

const pipeline = Pipeline.create();
pipeline
  .readFrom(
    MqttSources.builder({ broker: broker.url, clientId: 'reader', topic: 'plant/+', keepSession: true })
      .mapToItemFn((topic, message: ReceivedMessage) => ({ topic, celsius: Number(message) }))
      .build(),
  )
  .filter(({ celsius }) => celsius > 100)
  .writeTo(
    MqttSinks.builder<{ topic: string; celsius: number }>({
      broker: broker.url,
      clientId: 'alarms',
      messageFn: ({ topic, celsius }) => ({ topic: `alarms/${topic}`, payload: String(celsius) }),
    }).build(),
  );
const job = Engine.embedded().newJob(pipeline, { name: 'alarms', metrics });
await job.whenRunning();

// What comes out carries the context of what led to it.
const reader = MqttSources.builder({ broker: broker.url, clientId: 'witness', topic: 'alarms/#' });
const alarms = await reader
  .mapToItemFn((_topic, message: ReceivedMessage) => new Map(message.properties.userProperties).get('traceparent'))
  .build()
  .open();
await broker.publish('plant/oven', '180');
let traceparent = '';
for await (const { item, ack } of alarms) {
  traceparent = item ?? '';
  ack();
  break;
}
await alarms.close();

// A span ends when its message is through.
const finished = (name: string) => spans.getFinishedSpans().find((span) => span.name === name);
await until(() => finished('publish alarms') !== undefined && finished('process reader') !== undefined, 'the spans');
const process = finished('process reader')?.spanContext();
console.log(`the alarm says what led to it: ${traceparent === `00-${process?.traceId}-${process?.spanId}-01`}`);
console.log(
  `and its publish is linked to that: ${finished('publish alarms')?.links[0]?.context.spanId === process?.spanId}`,
);
await job.drain();

await meters.forceFlush();
const counted = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics));
for (const name of ['messaging.client.consumed.messages', 'messaging.client.sent.messages']) {
  const points = counted.find(({ descriptor }) => descriptor.name === name)?.dataPoints ?? [];
  console.log(name, points.map(({ value }) => value).join(', '));
}
await meters.shutdown();
