import { MqttSinks } from '../../../../../src/mqtt/sink/index.js';
import { loadWriters } from '../../../../../src/mqtt/sink/mqtt-sink.js';
import { MqttSources, Subscription } from '../../../../../src/mqtt/source/index.js';
import { loadReader } from '../../../../../src/mqtt/source/mqtt-source.js';
import { Pipeline } from '../../../../../src/pipeline/pipeline.js';
import type { StateCodec } from '../../../../../src/pipeline/state-codec.js';
import { portOf } from '../cluster-world.js';

// the disk that modules come from is not simulated: loaded in the middle of a history they would come at another time each run
await Promise.all([loadReader(), loadWriters()]);

/** What the pipeline of a history is made of. */
export interface EnginePipelineOptions {
  readonly protocolVersion: 4 | 5;
  /** See `DeliveryOracle`. */
  readonly keys: number;
}

interface Input {
  readonly key: string;
  readonly n: number;
}

const STAGE = 'count';
/** Version of the codec, which stands before what it made. */
const HEADER_BYTES = 2;

const COUNT_CODEC: StateCodec<{ count: number }> = {
  version: 0,
  encode: ({ count }) => new TextEncoder().encode(String(count)),
  decode: (bytes) => ({ count: Number(new TextDecoder().decode(bytes)) }),
};

/** What the state has counted of a key, by what is stored. */
export function storedCount(key: string, read: (storeKey: string) => Uint8Array | undefined): number {
  const bytes = read(`state/${STAGE}/s${key}`);
  return bytes === undefined ? 0 : COUNT_CODEC.decode(bytes.subarray(HEADER_BYTES)).count;
}

const connectOptions = (protocolVersion: 4 | 5) => ({
  protocolVersion,
  keepalive: 5,
  connectTimeout: 2000,
  connackTimeout: 2000,
  pingTimeout: 2000,
  writeTimeout: 5000,
  ackTimeout: 5000,
  reconnectPeriod: 20,
  maxReconnectPeriod: 200,
});

/** Counts the messages of each key and sends them on with the count; in a job of several partitions keys change theirs. */
export function enginePipeline({ protocolVersion, keys }: EnginePipelineOptions): Pipeline {
  const source = MqttSources.builder()
    .broker(`tcp://127.0.0.1:${portOf('source')}`)
    .clientId('reader')
    .keepSession()
    .topic('in/#')
    .qualityOfService(2)
    .connectOptionsFn(() => connectOptions(protocolVersion))
    .onSessionLoss('redeliver')
    .spread((index) => [Subscription.of(`in/${index}`, 2)])
    .mapToItemFn((topic, message): Input => {
      const n = Number(message.toString());
      return { key: `${topic.slice('in/'.length)}/${n % keys}`, n };
    });
  const sink = MqttSinks.builder()
    .broker(`tcp://127.0.0.1:${portOf('sink')}`)
    .clientId('writer')
    .keepSession()
    .qualityOfService(2)
    .connectOptionsFn(() => connectOptions(protocolVersion))
    .onSessionLoss('redeliver')
    .messageFn(({ key, n, count }: Input & { readonly count: number }) => ({
      topic: `out/${key}`,
      payload: `${n} ${count}`,
    }));
  const pipeline = Pipeline.create();
  pipeline
    .readFrom(source.build())
    .groupingKey(({ key }) => key)
    .mapStateful(
      () => ({ count: 0 }),
      (state, _, item) => {
        state.count += 1;
        return { ...item, count: state.count };
      },
      { codec: COUNT_CODEC },
    )
    .setName(STAGE)
    .writeTo(sink.build());
  return pipeline;
}
