/*
 * A pipeline that tests kill: `millrace run` runs it, its environment says what it is. `plain` passes messages on, `async` sends
 * each through an asynchronous call, `count` numbers the messages of each key (in state of the job, so that a message that took
 * effect twice or not at all shows in the numbers), `timers` does so when a timer of the key is due, `dedupe` reads at QoS 1 and tells
 * copies by their text, `cross` reads at both brokers and sends everything to both.
 */
import { subscribe } from 'node:diagnostics_channel';

const { KILL_MILLRACE, KILL_FROM, KILL_TO, KILL_PREFIX, KILL_CLIENT_ID, KILL_OPTIONS } = process.env;
const { MqttSinks, MqttSources, Pipeline } = await import(KILL_MILLRACE);
const { kind, qos, guarantee, job, onSessionLoss, connect } = JSON.parse(KILL_OPTIONS);

const connectOptions = () => ({ reconnectPeriod: 20, maxReconnectPeriod: 200, connackTimeout: 2000, ...connect });
const policy = onSessionLoss === undefined ? {} : { onSessionLoss };

const STAGES = {
  plain: (stage) => stage,
  dedupe: (stage) => stage,
  async: (stage) =>
    stage
      .mapAsync(
        async (item) => {
          await new Promise((resolve) => setTimeout(resolve, Math.random() * 8));
          return item;
        },
        { maxConcurrency: 32 },
      )
      .setName('call'),
  // The number of a message among those of its key: 1, 2, 3, … each once when each message took effect once.
  count: (stage) =>
    stage
      .groupingKey(({ level }) => level)
      .mapStateful(
        () => ({ count: 0 }),
        (state, _key, { level, text }) => {
          state.count += 1;
          return { level, text: `${state.count} ${text}` };
        },
      )
      .setName('count'),
  // The same, but all of it by timers: messages wait in the state of their key until one is due.
  timers: (stage) =>
    stage
      .groupingKey(({ level }) => level)
      .flatMapStateful(
        () => ({ count: 0, waiting: [] }),
        (state, _key, { text }, timers) => {
          if (state.waiting.length === 0) timers.set('tell', timers.now + 5);
          state.waiting.push(text);
          return [];
        },
        {
          onTimer: (state, level) =>
            state.waiting.splice(0).map((text) => {
              state.count += 1;
              return { level, text: `${state.count} ${text}` };
            }),
        },
      )
      .setName('count'),
};

function source(broker = KILL_FROM, clientId = KILL_CLIENT_ID) {
  const builder = MqttSources.builder()
    .clientId(clientId)
    .broker(broker)
    .topic(`${KILL_PREFIX}/in/#`)
    .qualityOfService(qos)
    .keepSession()
    .connectOptionsFn(connectOptions)
    .mapToItemFn((topic, message) => ({ level: topic.split('/').at(-1), text: message.toString() }));
  const decided = onSessionLoss === undefined ? builder : builder.onSessionLoss(onSessionLoss);
  return kind === 'dedupe' ? decided.deduplicateBy((_message, { text }) => text).build() : decided.build();
}

export const config = { name: KILL_CLIENT_ID, processingGuarantee: guarantee, ...job };

function sink(broker = KILL_TO, clientId = KILL_CLIENT_ID) {
  return MqttSinks.builder({
    ...policy,
    clientId,
    broker,
    connectOptionsFn: connectOptions,
    messageFn: ({ level, text }) => ({
      topic: `${KILL_PREFIX}/out/${level}`,
      payload: text,
      qos: guarantee === 'exactly-once' ? 2 : qos,
    }),
  }).build();
}

export default () => {
  const pipeline = Pipeline.create();
  if (kind === 'cross') {
    const both = pipeline.readFrom(source()).merge(pipeline.readFrom(source(KILL_TO, `${KILL_CLIENT_ID}-second`)));
    both.writeTo(sink());
    both.writeTo(sink(KILL_FROM, `${KILL_CLIENT_ID}-back`));
  } else STAGES[kind](pipeline.readFrom(source())).writeTo(sink());
  return pipeline;
};

/** What finished messages came again (R2b), said as the process ends. */
const told = { 'message-again': 0, 'session-suspect': 0 };
for (const name of Object.keys(told)) {
  subscribe(`millrace:${name}`, () => {
    told[name] += 1;
  });
}
process.on('exit', () => process.stderr.write(`TOLD ${JSON.stringify(told)}\n`));
