import { DeadLetters, MqttSinks } from '../../../src/mqtt/sink/index.js';
import type { MessageFn } from '../../../src/mqtt/sink/message/sink-message.js';
import { loadWriters } from '../../../src/mqtt/sink/mqtt-sink.js';
import { MqttSources } from '../../../src/mqtt/source/index.js';
import { loadReader } from '../../../src/mqtt/source/mqtt-source.js';
import { Pipeline } from '../../../src/pipeline/pipeline.js';
import type { Stage } from '../../../src/pipeline/stage.js';
import type { StateCodec } from '../../../src/pipeline/state-codec.js';
import { BURST, type SimPlan } from './sim-plan.js';
import { timestampOf } from './sim-time.js';
import { type Line, lateLine, timerLines, windowLines } from './sim-timed-stages.js';

// the disk that modules come from is not simulated: loaded in the middle of a history they would come at another time each run
await Promise.all([loadReader(), loadWriters()]);

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
export const copiesOf = (n: number, copies: number): number => {
  if (copies === BURST) return n % 2 === 0 ? BURST : 1;
  return copies > 1 && n % 5 === 4 ? 0 : 1 + (n % copies);
};

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
const FAILURE_CHANCE = 0.1;

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

/** Whether the source cannot make an item of a message. */
export const isPoison = (plan: SimPlan, n: number): boolean => plan.kind === 'letters' && n % 4 === 2;

/** Dead letters of the source, and of the sink. */
export const POISON_TOPIC = 'dead/in';
export const REFUSED_TOPIC = 'dead/out';

/** Whether it is one. */
export const isLetter = ({ topic }: { readonly topic: string }): boolean =>
  topic === POISON_TOPIC || topic === REFUSED_TOPIC;

function deadLetters(plan: SimPlan, topic: string) {
  const deadLetter = DeadLetters.topic({
    broker: `tcp://127.0.0.1:${SINK_PORT}`,
    clientId: topic.replace('/', '-'),
    keepSession: true,
    topic,
    qualityOfService: plan.qos,
    connectOptionsFn: () => connectOptions(plan),
    onSessionLoss: plan.onSessionLoss,
  });
  return { deadLetter };
}

function sourceOf(plan: SimPlan) {
  const { kind, qos, onSessionLoss } = plan;
  const source = MqttSources.builder()
    .broker(`tcp://127.0.0.1:${SOURCE_PORT}`)
    .clientId(SOURCE_CLIENT)
    .keepSession()
    .topic('in/#')
    .qualityOfService(kind === 'dedupe' ? 1 : qos)
    .connectOptionsFn(() => connectOptions(plan))
    .onSessionLoss(onSessionLoss)
    .onError(kind === 'letters' ? deadLetters(plan, POISON_TOPIC) : 'fail')
    .mapToItemFn((topic, message): Input => {
      const n = Number(message.toString());
      if (isPoison(plan, n)) throw new RangeError(`${n} is poison`);
      return { topic: topic.slice('in/'.length), n };
    });
  return kind === 'dedupe' ? source.deduplicateBy((_, { topic, n }) => `${topic}/${n}`).build() : source.build();
}

const WRITER = 'writer';
const LATE_WRITER = 'late-writer';

function sinkOf<T>(plan: SimPlan, clientId: string, messageFn: MessageFn<T>) {
  const { kind, qos, onSessionLoss, parallelism, refusals } = plan;
  const onRefused = kind === 'letters' ? deadLetters(plan, REFUSED_TOPIC) : 'skip';
  return MqttSinks.builder<T>()
    .broker(`tcp://127.0.0.1:${SINK_PORT}`)
    .clientId(clientId)
    .parallelism(clientId === WRITER ? parallelism : 1)
    .keepSession()
    .qualityOfService(qos)
    .connectOptionsFn(() => connectOptions(plan))
    .onSessionLoss(onSessionLoss)
    .onError(refusals && clientId === WRITER ? onRefused : 'fail')
    .messageFn(messageFn)
    .build();
}

const messageOf =
  ({ mixed, qos }: SimPlan): MessageFn<Copy | Line> =>
  (item) => {
    if ('payload' in item) return { ...item, qos };
    const { topic, n, count, copy } = item;
    return { topic: `out/${topic}`, payload: `${n} ${count} ${copy}`, qos: mixed && n % 2 === 1 ? 1 : qos };
  };

/** Each item through a call that takes its time, where the plan has calls. */
function called<T, Timed extends boolean>(
  { kind, calls }: SimPlan,
  stage: Stage<T, Timed>,
  name: string,
): Stage<T, Timed> {
  if (kind !== 'async') return stage;
  const call = async (item: T): Promise<T> => {
    await new Promise((resolve) => setTimeout(resolve, Math.random() * calls.maxMs));
    return item;
  };
  return stage.mapAsync(call, { maxConcurrency: calls.maxConcurrency }).setName(name);
}

/** Each call at which it throws is to be made again. */
function trip({ flaky }: SimPlan): void {
  if (flaky && Math.random() < FAILURE_CHANCE) throw new Error('now and then');
}

const counted = <Timed extends boolean>(plan: SimPlan, stage: Stage<Input, Timed>): Stage<Counted, Timed> =>
  called(plan, stage, 'ask')
    .groupingKey(({ topic }) => topic)
    .mapStateful(
      (): CountState => ({ count: 0 }),
      (state, _, { topic, n }): Counted => {
        state.count += 1;
        trip(plan);
        return { topic, n, count: state.count };
      },
      { codec: COUNT_CODEC },
    )
    .setName(STATE_STAGE);

const copied = (plan: SimPlan, stage: Stage<Counted>): Stage<Copy> => {
  const copies = stage.flatMap(function* (item): Generator<Copy> {
    const count = copiesOf(item.n, plan.copies);
    for (let copy = 0; copy < count; copy += 1) yield { ...item, copy };
    trip(plan);
  });
  return called(plan, copies, 'tell');
};

/** Counts the messages of each topic, makes some copies and sends them on; and what the plan has of windows and timers. */
export function pipelineOf(plan: SimPlan): Pipeline {
  const { time } = plan;
  const pipeline = Pipeline.create();
  const messages = pipeline.readFrom(sourceOf(plan));
  const sink = sinkOf(plan, WRITER, messageOf(plan));
  if (time === undefined) {
    copied(plan, counted(plan, messages)).writeTo(sink);
    return pipeline;
  }
  const timed = counted(
    plan,
    messages.withTimestamps(({ topic, n }) => timestampOf(time, topic, n), time.allowedLagMs),
  );
  const lateSink = sinkOf(plan, LATE_WRITER, (item: Counted) => ({ ...lateLine(item), qos: plan.qos }));
  const tripped = (): void => trip(plan);
  copied(plan, timed)
    .merge(windowLines(timed, time, { trip: tripped, lateSink }))
    .merge(timerLines(timed, time, tripped))
    .writeTo(sink);
  return pipeline;
}
