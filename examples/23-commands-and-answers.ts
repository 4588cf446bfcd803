/*
 * Commands joined with the telemetry that shows what came of them. Both come by topics of their own, are grouped by the device, and meet in
 * one state: a command waits there until the device says that it has done it. One that nothing is heard of is told, after a restart too, since
 * the timer is in the store (as in 19).
 *
 *   npx tsx examples/23-commands-and-answers.ts
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engine, MqttSources, Pipeline, Sinks } from 'millrace';
import { startBroker } from './support/start-broker.js';
import { until } from './support/until.js';

interface Command {
  readonly kind: 'command';
  readonly device: string;
  readonly position: string;
}
interface Report {
  readonly kind: 'report';
  readonly from: string;
  readonly position: string;
}

const ANSWER_MS = 300; // Ten seconds, in earnest.

await using broker = await startBroker();
const dir = await mkdtemp(join(tmpdir(), 'millrace-example-'));
const told: string[] = [];

const pipeline = Pipeline.create();
const topics = (clientId: string, filter: string) =>
  MqttSources.builder().clientId(clientId).broker(broker.url).topic(filter).qualityOfService(2).keepSession();
const commands = pipeline.readFrom(
  topics('commands', 'valves/+/set')
    .mapToItemFn((topic, payload): Command => {
      return { kind: 'command', device: topic.split('/')[1] ?? '', position: payload.toString() };
    })
    .build(),
);
const reports = pipeline.readFrom(
  topics('reports', 'valves/+/position')
    .mapToItemFn((topic, payload): Report => {
      return { kind: 'report', from: topic.split('/')[1] ?? '', position: payload.toString() };
    })
    .build(),
);

commands
  .groupingKey(({ device }) => device)
  .merge(reports.groupingKey(({ from }) => from))
  .flatMapStateful(
    () => ({ wanted: '' }),
    (state, valve, item, timers) => {
      if (item.kind === 'command') {
        state.wanted = item.position;
        timers.set('answer', timers.now + ANSWER_MS); // In place of the one of an earlier command.
        return [`${valve} is to be ${item.position}`];
      }
      if (item.position !== state.wanted) return [];
      state.wanted = '';
      timers.clear('answer');
      return [`${valve} is ${item.position}`];
    },
    {
      onTimer: (state, valve) => {
        const { wanted } = state;
        state.wanted = '';
        return [`${valve} has not become ${wanted}`];
      },
      forgetWhen: ({ wanted }) => wanted === '', // Valves that nothing is wanted of take no room.
    },
  )
  .setName('answers') // The store knows state and timers by this name.
  .writeTo(Sinks.list(told));

const say = (line: string) => until(() => told.includes(line), line);

await using engine = Engine.embedded({ dir });
const job = engine.newJob(pipeline, { name: 'answers', processingGuarantee: 'exactly-once' });
await job.whenRunning();
await broker.publish('valves/north/set', 'open', { qos: 2 });
await broker.publish('valves/south/set', 'closed', { qos: 2 });
await say('south is to be closed'); // Which of two sources is first is not said otherwise.
await broker.publish('valves/south/position', 'closed', { qos: 2 });
await say('south is closed');
await say('north has not become open'); // Nobody has answered.
await broker.publish('valves/north/set', 'closed', { qos: 2 });
await broker.publish('valves/north/position', 'open', { qos: 2 }); // Something else.
await say('north has not become closed');
await job.drain();
for (const line of told) console.log(line);
await rm(dir, { recursive: true });
