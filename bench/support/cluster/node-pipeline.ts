import { MqttSinks, MqttSources, Pipeline, type ReceivedMessage, Sinks, Subscription } from 'millrace';
import { TOPICS } from '../workload.js';
import type { FirstMessage, NodeWork } from './node-task.js';
import { storedItems } from './stored-items.js';

/** A pipeline, and what is known of it from outside. */
export interface NodePipeline {
  readonly pipeline: Pipeline;
  /** Lets the items come, where they are made here. */
  open(): void;
  /** How many of those are stored; 0 where they come from a broker. */
  stored(): number;
  /** How many messages came from a broker since `forget`. */
  seen(): number;
  /** The first of them. */
  first(): FirstMessage | undefined;
  forget(): void;
}

export function nodePipeline(work: NodeWork): NodePipeline {
  return work.kind === 'bridge' ? bridge(work) : keyed(work);
}

/** Of this process, so far. */
export function cpuMicros(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

function bridge({ from, to }: Extract<NodeWork, { kind: 'bridge' }>): NodePipeline {
  let first: FirstMessage | undefined;
  let seen = 0;
  const pipeline = Pipeline.create();
  pipeline
    .readFrom(
      MqttSources.builder()
        .clientId('bench-node')
        .broker(from)
        .topic('bench/#')
        .qualityOfService(2)
        .keepSession()
        .spread((index, count) =>
          TOPICS.filter((_, number) => number % count === index).map((topic) => Subscription.of(topic, 2)),
        )
        .mapToItemFn((_topic, message) => {
          first ??= { atMs: Date.now(), cpuMicros: cpuMicros() };
          seen += 1;
          return message;
        })
        .build(),
    )
    .writeTo(
      MqttSinks.builder()
        .clientId('bench-node-out')
        .broker(to)
        .messageFn(({ topic, payload }: ReceivedMessage) => ({ topic, payload, qos: 2 }))
        .build(),
    );
  return {
    pipeline,
    open: () => {},
    stored: () => 0,
    seen: () => seen,
    first: () => first,
    forget: () => {
      first = undefined;
      seen = 0;
    },
  };
}

function keyed({ keys, stateChars }: Extract<NodeWork, { kind: 'keyed' }>): NodePipeline {
  const numbers = storedItems(keys);
  const text = 'state '.repeat(Math.ceil(stateChars / 6)).slice(0, stateChars - 9);
  const pipeline = Pipeline.create();
  pipeline
    .readFrom(numbers.source)
    .groupingKey((number) => `sensor-${number}`)
    .mapStateful(
      () => ({ text: '' }),
      (state, _key, number) => {
        state.text = `${text}${String(number).padStart(9, '0')}`;
        return undefined;
      },
    )
    .setName('texts')
    .writeTo(Sinks.noop());
  return {
    pipeline,
    open: numbers.open,
    stored: numbers.stored,
    seen: () => 0,
    first: () => undefined,
    forget: () => {},
  };
}
