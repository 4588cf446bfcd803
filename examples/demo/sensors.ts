import { MqttSinks, Pipeline, TestSources } from 'millrace';
import type { PlantDemoOptions } from './demo-options.js';

/** What a sensor publishes, as JSON: degrees Fahrenheit. */
export interface Reading {
  readonly fahrenheit: number;
  readonly at: number;
}

/** Sensors of an imaginary plant: each drifts slowly and runs hot now and then. */
export function sensorPipeline(brokerUrl: string, { rate, sensors }: PlantDemoOptions): Pipeline {
  const pipeline = Pipeline.create();
  pipeline
    .readFrom(TestSources.itemStream(rate, (at, sequence) => ({ at, sensor: sequence % sensors, sequence })))
    .writeTo(
      MqttSinks.builder()
        .clientId('sensors')
        .broker(brokerUrl)
        .connectOptionsFn(() => ({ protocolVersion: 4 }))
        .messageFn(({ at, sensor, sequence }: { at: number; sensor: number; sequence: number }) => ({
          topic: `plant/${sensor}/temperature`,
          payload: JSON.stringify({ fahrenheit: temperature(sensor, sequence), at } satisfies Reading),
        }))
        .build(),
    );
  return pipeline;
}

function temperature(sensor: number, sequence: number): number {
  const drift = 30 * Math.sin(sequence / 2000 + sensor);
  return Math.round((120 + drift + (sequence % 997 === 0 ? 90 : 0)) * 10) / 10;
}
