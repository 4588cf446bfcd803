/*
 * A pipeline that tests kill: `millrace run` runs it, its environment says what it is. `plain` passes messages on, `async` sends
 * each through an asynchronous call, `count` numbers the messages of each key (in state of the job, so that a message that took
 * effect twice or not at all shows in the numbers), `timers` does so when a timer of the key is due, `windows` numbers all messages and
 * gathers the numbers in windows of each key, by times in and out of order, `dedupe` reads at QoS 1 and tells
 * copies by their text, `cross` reads at both brokers and sends everything to both.
 */
import { subscribe } from 'node:diagnostics_channel';

const { KILL_MILLRACE, KILL_FROM, KILL_TO, KILL_PREFIX, KILL_CLIENT_ID, KILL_OPTIONS } = process.env;
const { AggregateOperations, MqttSinks, MqttSources, Pipeline, WindowDefinition } = await import(KILL_MILLRACE);
const { kind, qos, guarantee, job, onSessionLoss, connect, windows } = JSON.parse(KILL_OPTIONS);

const connectOptions = () => ({ reconnectPeriod: 20, maxReconnectPeriod: 200, connackTimeout: 2000, ...connect });
const policy = onSessionLoss === undefined ? {} : { onSessionLoss };

/** Of the message with this number: bursts with a pause behind each, some out of order, and a few too late. */
const timeOf = (number) =>
  10 * number + 400 * Math.floor(number / 60) - (number % 7 === 0 ? 60 : 0) - (number % 41 === 0 ? 2500 : 0);

const gathered = AggregateOperations.withCreate(() => [])
  .andAccumulate((all, { n }) => [...all, n])
  .andCombine((all, later) => [...all, ...later])
  .andDeduct((all, part) => all.filter((n) => !part.includes(n)))
  .andExport((all) => [...all].sort((a, b) => a - b));

/** Each result tells the numbers of its messages. */
const inWindows = (stage, { name, size, slide, timeout }) => {
  const definition = timeout === undefined ? WindowDefinition.sliding(size, slide) : WindowDefinition.session(timeout);
  return stage
    .groupingKey(({ level }) => level)
    .window(definition)
    .aggregate(gathered, { lateItems: sink(KILL_TO, `${KILL_CLIENT_ID}-${name}`, `late/${name}/`) })
    .setName(name)
    .map(({ key, start, end, value }) => ({ level: `${name}/${key}`, text: `${start} ${end} ${value.join(',')}` }));
};

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
  windows: (stage) => {
    const numbered = stage
      .withTimestamps(({ text }) => timeOf(Number(text.split(' ')[1])), windows.allowedLagMs)
      .groupingKey(() => 'all')
      .mapStateful(
        () => ({ count: 0 }),
        (state, _key, { level, text }) => {
          state.count += 1;
          return { level, n: state.count, text: `${state.count} ${timeOf(Number(text.split(' ')[1]))} ${text}` };
        },
      )
      .setName('number');
    return windows.shapes.reduce((all, shape) => all.merge(inWindows(numbered, shape)), numbered);
  },
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

function sink(broker = KILL_TO, clientId = KILL_CLIENT_ID, below = '') {
  return MqttSinks.builder({
    ...policy,
    clientId,
    broker,
    connectOptionsFn: connectOptions,
    messageFn: ({ level, text }) => ({
      topic: `${KILL_PREFIX}/out/${below}${level}`,
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
