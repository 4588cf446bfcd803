import { MqttSinks, MqttSources, Pipeline, type Stage } from 'millrace';
import type { Reading } from './sensors.js';

interface Celsius {
  readonly sensor: string;
  readonly degrees: number;
  readonly at: number;
}

/** What the view wants to know of the work. */
export interface PlantObserver {
  reading(latencyMs: number): void;
  alarm(text: string): void;
}

const ALARM_ABOVE = 85;

/** Reads the sensors at least once, converts every reading, and raises an alarm where one is too hot. */
export function plantPipeline(brokerUrl: string, observer: PlantObserver): Pipeline {
  const pipeline = Pipeline.create();
  const celsius = pipeline
    .readFrom(
      MqttSources.builder()
        .clientId('plant')
        .broker(brokerUrl)
        .topic('plant/+/temperature')
        .keepSession()
        .connectOptionsFn(() => ({ protocolVersion: 4 }))
        .mapToItemFn((topic, message) => toCelsius(topic, JSON.parse(message.toString())))
        .build(),
    )
    .peek(({ at }) => observer.reading(Date.now() - at));
  celsius.writeTo(
    MqttSinks.builder()
      .clientId('celsius')
      .broker(brokerUrl)
      .connectOptionsFn(() => ({ protocolVersion: 4 }))
      .messageFn(({ sensor, degrees }: Celsius) => ({ topic: `celsius/${sensor}`, payload: degrees.toFixed(1) }))
      .build(),
  );
  writeAlarms(celsius, brokerUrl, observer);
  return pipeline;
}

function writeAlarms(celsius: Stage<Celsius>, brokerUrl: string, observer: PlantObserver): void {
  celsius
    .filter(({ degrees }) => degrees > ALARM_ABOVE)
    .map(({ sensor, degrees }) => ({ sensor, text: `sensor ${sensor} at ${degrees.toFixed(1)} °C` }))
    .peek(({ text }) => observer.alarm(text))
    .writeTo(
      MqttSinks.builder()
        .clientId('alarms')
        .broker(brokerUrl)
        .connectOptionsFn(() => ({ protocolVersion: 4 }))
        .messageFn(({ sensor, text }: { sensor: string; text: string }) => ({
          topic: `alarm/${sensor}`,
          payload: text,
          qos: 2,
          retain: true,
        }))
        .build(),
    );
}

function toCelsius(topic: string, { fahrenheit, at }: Reading): Celsius {
  return { sensor: topic.split('/')[1] ?? '?', degrees: ((fahrenheit - 32) * 5) / 9, at };
}
