import { randomBytes } from 'node:crypto';
import { MqttSinks } from '../../mqtt/sink/mqtt-sinks.js';
import { MqttSources } from '../../mqtt/source/mqtt-sources.js';
import {
  AggregateOperations,
  Pipeline,
  Sinks,
  type SourceStage,
  type Stage,
  TestSources,
  WindowDefinition,
} from '../../pipeline/index.js';
import { connectOptions } from '../bridge/bridge-pipeline.js';
import type { BridgeSide } from '../bridge/bridge-side.js';

/** Readings of an imaginary plant. */
export interface DemoOptions {
  /** Through which they go; undefined: they stay in this process. */
  readonly broker: BridgeSide | undefined;
  /** In a second, of all sensors together. */
  readonly rate: number;
}

interface Reading {
  readonly sensor: number;
  readonly atMs: number;
  readonly degrees: number;
}

const SENSORS = 20;
const ALARM_ABOVE = 85;
const WINDOW_MS = 5000;
const LATE_MS = 1000;

/** Readings, the mean of each sensor in each five seconds, and an alarm where one is too hot. Topics and clients are of this run alone. */
export function demoPipeline({ broker, rate }: DemoOptions): Pipeline {
  const pipeline = Pipeline.create();
  const sensors = pipeline
    .readFrom(TestSources.itemStream(rate, (atMs, sequence): Reading => readingOf(atMs, sequence)))
    .setName('sensors');
  if (broker === undefined) {
    workOn(sensors, (stage) => stage.writeTo(Sinks.noop()));
    return pipeline;
  }
  const run = `millrace-demo-${randomBytes(4).toString('hex')}`;
  const connectOptionsFn = () => connectOptions(broker);
  const write = (what: string) => (stage: Stage<Reading>) =>
    stage.writeTo(
      MqttSinks.builder()
        .clientId(`${run}-${what}`)
        .broker(broker.url)
        .connectOptionsFn(connectOptionsFn)
        .messageFn((reading: Reading) => ({
          topic: `${run}/${what}/${reading.sensor}`,
          payload: JSON.stringify(reading),
          qos: 1,
        }))
        .build(),
    );
  write('readings')(sensors);
  const source = MqttSources.builder()
    .clientId(`${run}-plant`)
    .broker(broker.url)
    .topic(`${run}/readings/+`)
    .connectOptionsFn(connectOptionsFn)
    .mapToItemFn((_topic, payload): Reading => JSON.parse(payload.toString()));
  workOn(pipeline.readFrom(source.build()), (stage, what) => write(what)(stage));
  return pipeline;
}

function workOn(
  readings: SourceStage<Reading>,
  write: (stage: Stage<Reading>, what: 'means' | 'alarms') => void,
): void {
  const means = readings
    .withTimestamps(({ atMs }) => atMs, LATE_MS)
    .groupingKey(({ sensor }) => sensor)
    .window(WindowDefinition.tumbling(WINDOW_MS))
    .aggregate(AggregateOperations.averaging(({ degrees }: Reading) => degrees))
    .setName('means')
    .map(({ key, start, value }): Reading => ({ sensor: key, atMs: start, degrees: value }));
  write(means, 'means');
  write(readings.filter(({ degrees }) => degrees > ALARM_ABOVE).setName('too hot'), 'alarms');
}

/** Each drifts slowly, and runs hot now and then. */
function readingOf(atMs: number, sequence: number): Reading {
  const sensor = sequence % SENSORS;
  const hot = sequence % 997 === 0 ? 50 : 0;
  return { sensor, atMs, degrees: Math.round(10 * (50 + 15 * Math.sin(sequence / 2000 + sensor) + hot)) / 10 };
}
