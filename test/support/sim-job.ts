import { Engine } from '../../src/engine/engine.js';
import type { Job } from '../../src/engine/job.js';
import type { MillraceError } from '../../src/errors/index.js';
import { Pipeline } from '../../src/pipeline/pipeline.js';
import type { StateCodec } from '../../src/pipeline/state-codec.js';
import { MqttSinks } from '../../src/sink/index.js';
import { MqttSources } from '../../src/source/index.js';
import type { SimPlan } from './sim-plan.js';
import { SimStores } from './sim-stores.js';
import type { SimLife, SimWorld } from './sim-world.js';

export const SOURCE_PORT = 1;
export const SINK_PORT = 2;
export const SOURCE_CLIENT = 'reader';
export const STATE_STAGE = 'count';

interface Input {
  readonly topic: string;
  readonly n: number;
}

interface Counted extends Input {
  /** Messages of the topic so far, by the state. */
  readonly count: number;
}

interface Copy extends Counted {
  readonly copy: number;
}

/** How many outputs a message has. */
export const copiesOf = (n: number, copies: number): number => (copies > 1 && n % 5 === 4 ? 0 : 1 + (n % copies));

/** Whether the broker of the sink refuses an output. */
export const isRefused = (n: number): boolean => n % 7 === 6;

interface CountState {
  count: number;
}

/** The state as it stands in the store, readable for the oracle. */
export const COUNT_CODEC: StateCodec<CountState> = {
  version: 0,
  encode: ({ count }) => new TextEncoder().encode(String(count)),
  decode: (bytes) => ({ count: Number(new TextDecoder().decode(bytes)) }),
};

const KEEPALIVE_S = 5;

function connectOptions({ protocolVersion, receiveMaximum, maxInflight }: SimPlan) {
  return {
    protocolVersion,
    keepalive: KEEPALIVE_S,
    connectTimeout: 2000,
    connackTimeout: 2000,
    pingTimeout: 2000,
    writeTimeout: 5000,
    ackTimeout: 5000,
    reconnectPeriod: 20,
    maxReconnectPeriod: 200,
    maxInflight,
    ...(protocolVersion === 5 ? { properties: { receiveMaximum } } : {}),
  };
}

/** Counts the messages of each topic, makes some copies and sends them on. */
export function pipelineOf(plan: SimPlan): Pipeline {
  const { qos, onSessionLoss, parallelism, copies } = plan;
  const pipeline = Pipeline.create();
  const source = MqttSources.builder()
    .broker(`tcp://broker:${SOURCE_PORT}`)
    .clientId(SOURCE_CLIENT)
    .keepSession()
    .topic('in/#')
    .qualityOfService(qos)
    .connectOptionsFn(() => connectOptions(plan))
    .onSessionLoss(onSessionLoss)
    .mapToItemFn((topic, message): Input => ({ topic: topic.slice('in/'.length), n: Number(message.toString()) }))
    .build();
  const sink = MqttSinks.builder()
    .broker(`tcp://broker:${SINK_PORT}`)
    .clientId('writer')
    .parallelism(parallelism)
    .keepSession()
    .qualityOfService(qos)
    .connectOptionsFn(() => connectOptions(plan))
    .onSessionLoss(onSessionLoss)
    .onError(plan.refusals ? 'skip' : 'fail')
    .messageFn(({ topic, n, count, copy }: Copy) => ({
      topic: `out/${topic}`,
      payload: `${n} ${count} ${copy}`,
      qos: plan.mixed && n % 2 === 1 ? 1 : qos,
    }))
    .build();
  pipeline
    .readFrom(source)
    .groupingKey(({ topic }) => topic)
    .mapStateful(
      (): CountState => ({ count: 0 }),
      (state, _, { topic, n }): Counted => {
        state.count += 1;
        return { topic, n, count: state.count };
      },
      { codec: COUNT_CODEC },
    )
    .setName(STATE_STAGE)
    .flatMap((item) => Array.from({ length: copiesOf(item.n, copies) }, (_, copy): Copy => ({ ...item, copy })))
    .writeTo(sink);
  return pipeline;
}

/** The real program, as one process of a simulated world. */
export class SimProcess implements SimLife {
  readonly #world: SimWorld;
  readonly #job: Job;
  alive = true;
  running = false;
  /** Why the job has failed for good. */
  failure: MillraceError | undefined;
  completed = false;
  /** Socket writes and commits until it is killed. */
  killAtIo = Number.POSITIVE_INFINITY;
  onKilled: () => void = () => {};
  onFailed: (error: MillraceError) => void = () => {};

  constructor(world: SimWorld, plan: SimPlan, pipeline: Pipeline) {
    this.#world = world;
    world.life = this;
    const engine = Engine.embedded({ stores: new SimStores(world.disk, this) });
    this.#job = engine.newJob(pipeline, {
      name: 'job',
      processingGuarantee: plan.guarantee,
      maxOutboxMessages: plan.maxOutboxMessages,
      drainTimeoutMs: 500,
      restart: { maxAttempts: 1000, minBackoffMs: 20, maxBackoffMs: 200 },
      onEvent: (event) => {
        if (event.kind === 'status') this.running = event.status === 'RUNNING';
      },
    });
    this.#job.join().then(
      () => {
        this.completed = true;
      },
      (error: MillraceError) => {
        this.failure = error;
        this.onFailed(error);
      },
    );
  }

  beforeIo(): void {
    this.killAtIo -= 1;
    if (this.killAtIo <= 0) this.kill();
  }

  /** `kill -9`. */
  kill(): void {
    if (!this.alive) return;
    this.alive = false;
    this.running = false;
    for (const { link } of this.#world.links) link.clientGone();
    this.#world.disk.crash();
    this.onKilled();
  }

  /** SIGTERM. */
  stop(): void {
    void this.#job.drain();
  }
}
