// A job that counts by key in two stages, with large states, and exports its state when a line of stdin says so: `export NAME`.
import { createInterface } from 'node:readline';

const { index, broker, dir, name, reader, writer, initialSnapshot, onUnknown } = JSON.parse(process.env.SNAPSHOT_JOB);
const { Engine, MqttSinks, MqttSources, Pipeline } = await import(index);

const FILLER = 'x'.repeat(100_000);
const pipeline = Pipeline.create();
const source = MqttSources.builder().broker(broker).clientId(reader).topic('in').qualityOfService(2).keepSession();
const known = onUnknown === undefined ? source : source.onUnknownSession(onUnknown);
const items = pipeline.readFrom(known.mapToItemFn((_topic, payload) => String(payload)).build());
const counted = ['one', 'two'].map((stage) =>
  items
    .groupingKey((key) => key)
    .mapStateful(
      () => ({ count: 0, filler: FILLER }),
      (state, key) => {
        state.count += 1;
        return `${stage} ${key} ${state.count}`;
      },
    )
    .setName(stage),
);
const sink = MqttSinks.builder()
  .broker(broker)
  .clientId(writer)
  .messageFn((text) => ({ topic: 'out', payload: text }));
const begun = onUnknown === undefined ? sink : sink.onUnknownSession('discard');
counted[0].merge(counted[1]).writeTo(begun.build());

const engine = Engine.embedded({ dir });
const job = engine.newJob(pipeline, { name, processingGuarantee: 'exactly-once', initialSnapshot });
const tell = (what) => console.log(JSON.stringify(what));
job.join().catch(({ code, message }) => tell({ failed: code, message }));
await job.whenRunning().then(
  () => tell({ running: name }),
  () => {},
);
for await (const line of createInterface({ input: process.stdin })) {
  const [, snapshot] = line.split(' ');
  try {
    tell({ exported: await job.exportSnapshot(snapshot) });
  } catch ({ code, message }) {
    tell({ failed: code, message });
  }
}
await engine.shutdown();
