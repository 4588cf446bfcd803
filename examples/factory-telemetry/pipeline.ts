import { DeadLetters, MqttSinks, MqttSources, Pipeline, RetryStrategies } from 'millrace';
import { averageOf, type Band, isWithin, WINDOW } from './averages.js';
import { inCommonUnit, type Reading, telemetrySchema } from './reading.js';
import { openRegister } from './register.js';

interface Average extends Reading {
  readonly band: Band;
  readonly average: number;
}

interface Alarm extends Average {
  /** False: all clear. */
  readonly alarm: boolean;
}

/** @param registerUrl the service that knows what each machine is to stay within */
export function factoryTelemetry(broker: string, registerUrl: string): Pipeline {
  // One destination for all that is rejected, whoever rejects it: the letter says who (its origin) and why.
  const deadLetter = DeadLetters.topic({ broker, clientId: 'telemetry-letters', topic: 'letters' });
  const pipeline = Pipeline.create();
  const averages = pipeline
    .readFrom(
      MqttSources.builder()
        .broker(broker)
        .clientId('telemetry')
        .keepSession()
        .topic('factory/+/+/+')
        .qualityOfService(2)
        .mapToItemFn((topic, message) => {
          const [, line, machine, quantity] = topic.split('/');
          return { line, machine, quantity, body: message.json() };
        })
        // Of what is no JSON the letter has the message as it came.
        .onError({ deadLetter })
        // On a cluster one session reads all, so that what a machine says keeps its order; its state may be in any partition.
        .spread('first')
        .build(),
    )
    // What is JSON and makes no sense: a field that is missing, a text for a number, a value that no machine can have.
    .schema(telemetrySchema, { onError: { deadLetter } })
    .setName('schema')
    // It throws at a unit that it does not know.
    .map(inCommonUnit, { onError: { deadLetter } })
    .setName('units')
    // The client is opened when the job begins and closed when it ends. A call that fails, or hangs, is made again.
    .mapAsyncUsingService(
      () => openRegister(registerUrl),
      async (register, reading, signal) => ({
        ...reading,
        band: await register.bandOf(reading.machine, reading.quantity, signal),
      }),
      (register) => register.close(),
      {
        timeoutMs: 500,
        retryStrategy: RetryStrategies.custom().maxAttempts(5).intervalMs(20).build(),
        // For what the register does not know: it throws a PermanentError, which is not tried again.
        onError: { deadLetter },
      },
    )
    .setName('register')
    .groupingKey(keyOf)
    .setName('by quantity')
    .mapStateful(
      () => ({ values: [] as number[] }),
      (state, _key, reading): Average => {
        state.values.push(reading.value);
        if (state.values.length > WINDOW) state.values.shift();
        return { ...reading, average: averageOf(state.values) };
      },
    )
    .setName('averages');

  averages.writeTo(averageSink(broker));
  averages
    .groupingKey(keyOf)
    .setName('averages by quantity')
    .mapStateful(
      () => ({ alarm: false }),
      (state, _key, average): Alarm | undefined => {
        const alarm = !isWithin(average.average, average.band);
        if (alarm === state.alarm) return undefined;
        state.alarm = alarm;
        return { ...average, alarm };
      },
    )
    .setName('alarms')
    .writeTo(alarmSink(broker));
  return pipeline;
}

const keyOf = ({ line, machine, quantity }: Reading): string => `${line}/${machine}/${quantity}`;

const averageSink = (broker: string) =>
  MqttSinks.builder()
    .broker(broker)
    .clientId('telemetry-averages')
    .messageFn((item: Average) => ({
      topic: `averages/${keyOf(item)}`,
      payload: JSON.stringify({ average: item.average }),
    }))
    .build();

const alarmSink = (broker: string) =>
  MqttSinks.builder()
    .broker(broker)
    .clientId('telemetry-alarms')
    .messageFn((item: Alarm) => ({
      topic: `alarms/${keyOf(item)}`,
      payload: JSON.stringify({ alarm: item.alarm, average: item.average }),
    }))
    .build();
