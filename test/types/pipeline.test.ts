import { throws } from 'node:assert/strict';
import { test } from 'node:test';
import { expectTypeOf } from 'expect-type';
import {
  type BatchBuffer,
  MqttSources,
  Pipeline,
  RetryStrategies,
  type Sink,
  SinkBuilder,
  Sinks,
  type Source,
  type SourceBuffer,
  SourceBuilder,
  type Stage,
  type Table,
  Tables,
  TestSources,
} from '../../src/index.js';
import {
  type AggregateOperation,
  AggregateOperations,
  type Entry,
  type KeyedStage,
  type KeyedWindowResult,
  type StateCodec,
  StateCodecs,
  WindowDefinition,
  type WindowResult,
} from '../../src/pipeline/index.js';

interface Reading {
  readonly kind: 'reading';
  readonly value: number;
}
interface Alarm {
  readonly kind: 'alarm';
  readonly text: string;
}
type Message = Reading | Alarm;

const messages = (): Stage<Message> =>
  Pipeline.create().readFrom<Message>(
    TestSources.items<Message>({ kind: 'reading', value: 1 }, { kind: 'alarm', text: 'x' }),
  );

test('a source gives its stage the type of its items', () => {
  expectTypeOf(TestSources.items(1, 2)).toEqualTypeOf<Source<number>>();
  expectTypeOf(
    Pipeline.create()
      .readFrom(TestSources.itemStream(1, (_t, n) => `${n}`))
      .withoutTimestamps(),
  ).toEqualTypeOf<Stage<string>>();
});

test('filter narrows by a type guard and keeps the type otherwise', () => {
  const isAlarm = (message: Message): message is Alarm => message.kind === 'alarm';
  expectTypeOf(messages().filter(isAlarm)).toEqualTypeOf<Stage<Alarm>>();
  expectTypeOf(messages().filter((message) => message.kind === 'alarm')).toExtend<Stage<Message>>();
});

test('map, flatMap and mapAsync give what their functions give', () => {
  expectTypeOf(messages().map((message) => message.kind)).toEqualTypeOf<Stage<'reading' | 'alarm'>>();
  expectTypeOf(messages().flatMap((message) => new Set([message.kind.length]))).toEqualTypeOf<Stage<number>>();
  expectTypeOf(messages().mapAsync(async () => 1)).toEqualTypeOf<Stage<number>>();
  expectTypeOf(messages().mapAsync(() => 'at once')).toEqualTypeOf<Stage<string>>();
});

test('a stage with a service knows its type, made at once or by a promise', () => {
  class Client {
    readonly url = '';
  }
  const stage = messages().mapUsingService(
    async () => new Client(),
    (client, item) => {
      expectTypeOf(client).toEqualTypeOf<Client>();
      expectTypeOf(item).toEqualTypeOf<Message>();
      return client.url.length;
    },
    (client) => void expectTypeOf(client).toEqualTypeOf<Client>(),
  );
  expectTypeOf(stage).toEqualTypeOf<Stage<number>>();
  const looked = messages().mapAsyncUsingService(
    () => new Client(),
    async (client, _item, signal) => {
      expectTypeOf(signal).toEqualTypeOf<AbortSignal>();
      return client.url;
    },
  );
  expectTypeOf(looked).toEqualTypeOf<Stage<string>>();
});

test('merge gives the union', () => {
  const pipeline = Pipeline.create();
  const numbers = pipeline.readFrom(TestSources.items(1));
  const words = pipeline.readFrom(TestSources.items('a'));
  expectTypeOf(numbers.merge(words)).toEqualTypeOf<Stage<string | number>>();
});

test('that items have a timestamp goes with the type of their stage, and where streams meet both need one', () => {
  const source = Pipeline.create().readFrom(TestSources.items(1));
  const timed = source.withTimestamps((n) => n, 1000, { onError: 'skip', idleTimeoutMs: 1 });
  expectTypeOf(timed).toEqualTypeOf<Stage<number, true>>();
  expectTypeOf(source.withIngestionTimestamps()).toEqualTypeOf<Stage<number, true>>();
  expectTypeOf(timed.map(String).mapAsync((text) => text)).toEqualTypeOf<Stage<string, true>>();
  expectTypeOf(timed.groupingKey((n) => n)).toEqualTypeOf<KeyedStage<number, number, true>>();
  expectTypeOf(timed.merge(timed.map(String))).toEqualTypeOf<Stage<string | number, true>>();
  expectTypeOf(timed.merge(source)).toEqualTypeOf<Stage<number>>();
  expectTypeOf(source.map(String).merge(timed)).toEqualTypeOf<Stage<string | number>>();
  expectTypeOf<Stage<number, true>>().toExtend<Stage<number>>();
  expectTypeOf<Stage<number>>().not.toExtend<Stage<number, true>>();
});

test('windows need items that have a timestamp, and give results that have one', () => {
  const source = Pipeline.create().readFrom(TestSources.items({ device: 'a', degrees: 1 }));
  const minutes = WindowDefinition.tumbling(60_000);
  const averaging = AggregateOperations.averaging(({ degrees }: { degrees: number }) => degrees);
  const timed = source.withIngestionTimestamps();
  expectTypeOf(timed.window(minutes).aggregate(averaging)).toEqualTypeOf<Stage<WindowResult<number>, true>>();
  const keyed = timed.groupingKey(({ device }) => device);
  const results = keyed.window(minutes).aggregate(averaging, { lateItems: Sinks.noop() });
  expectTypeOf(results).toEqualTypeOf<Stage<KeyedWindowResult<string, number>, true>>();
  expectTypeOf(results.window(minutes).aggregate(AggregateOperations.counting())).toEqualTypeOf<
    Stage<WindowResult<number>, true>
  >();
  // @ts-expect-error: the items have no time
  source.window(minutes);
  // @ts-expect-error: nor these
  source.groupingKey(({ device }) => device).window(minutes);
  // @ts-expect-error: an aggregate of other items
  timed.map(String).window(minutes).aggregate(averaging);
  // @ts-expect-error: a sink of other items
  keyed.window(minutes).aggregate(averaging, { lateItems: Sinks.list<string>([]) });
});

test('two streams in one window give both values, and need keys of one type', () => {
  const source = Pipeline.create().readFrom(TestSources.items({ device: 'a', degrees: 1 }));
  const minutes = WindowDefinition.tumbling(60_000);
  const timed = source.withIngestionTimestamps();
  const keyed = timed.groupingKey(({ device }) => device);
  const commands = timed.map(({ degrees }) => degrees);
  const { counting, toList } = AggregateOperations;
  const joined = keyed.window(minutes).aggregate2(
    counting(),
    commands.groupingKey((degrees) => String(degrees)),
    toList(),
  );
  expectTypeOf(joined).toEqualTypeOf<Stage<KeyedWindowResult<string, readonly [number, readonly number[]]>, true>>();
  expectTypeOf(timed.window(minutes).aggregate2(counting(), commands, toList())).toEqualTypeOf<
    Stage<WindowResult<readonly [number, readonly number[]]>, true>
  >();
  const late: (number | { device: string; degrees: number })[] = [];
  timed.window(minutes).aggregate2(counting(), commands, toList(), { lateItems: Sinks.list(late) });
  const byNumber = commands.groupingKey((degrees) => degrees);
  // @ts-expect-error: keys of another type
  keyed.window(minutes).aggregate2(counting(), byNumber, toList());
  // @ts-expect-error: items without a time
  timed.window(minutes).aggregate2(counting(), source, counting());
  // @ts-expect-error: a sink for the late items of one of them
  timed.window(minutes).aggregate2(counting(), commands, toList(), { lateItems: Sinks.list<number>([]) });
});

test('streams that are merged by their keys have the items of both', () => {
  const source = Pipeline.create().readFrom(TestSources.items(1));
  const timed = source.withIngestionTimestamps();
  const numbers = timed.groupingKey((n) => String(n));
  const texts = timed.map(String).groupingKey((text) => text);
  expectTypeOf(numbers.merge(texts)).toEqualTypeOf<KeyedStage<number | string, string, true>>();
  const untimed = source.map((n) => n > 0).groupingKey(String);
  expectTypeOf(numbers.merge(untimed)).toEqualTypeOf<KeyedStage<number | boolean, string>>();
  const byNumber = timed.groupingKey((n) => n);
  // @ts-expect-error: keys of another type
  numbers.merge(byNumber);
  // @ts-expect-error: a stage without keys
  throws(() => numbers.merge(timed));
});

test('writeTo takes a sink for the items or for more, never one for less', () => {
  const strings: Sink<string> = Sinks.list<string>([]);
  const both: Sink<string | number> = Sinks.list<string | number>([]);
  const stage = Pipeline.create().readFrom(TestSources.items('a'));
  stage.writeTo(strings);
  stage.writeTo(both);
  stage.writeTo(Sinks.logger());
  stage.writeTo(Sinks.noop());
  const wide = Pipeline.create().readFrom(TestSources.items<string | number>('a', 1));
  // @ts-expect-error a sink of strings does not take numbers
  wide.writeTo(strings);
  // @ts-expect-error nor does a sink of numbers take strings
  stage.writeTo(Sinks.list<number>([]));
});

test('sinks are contravariant, sources covariant', () => {
  expectTypeOf<Sink<unknown>>().toExtend<Sink<string>>();
  expectTypeOf<Sink<string>>().not.toExtend<Sink<unknown>>();
  expectTypeOf<Source<string>>().toExtend<Source<unknown>>();
  expectTypeOf<Source<unknown>>().not.toExtend<Source<string>>();
});

test('the builders pass the context and the item types on', () => {
  const source = SourceBuilder.batch('numbers', () => ({ next: 0 }))
    .fillBufferFn<number>((context, buffer) => {
      expectTypeOf(context).toEqualTypeOf<{ next: number }>();
      expectTypeOf(buffer).toEqualTypeOf<BatchBuffer<number>>();
      buffer.close();
    })
    .createSnapshotFn((context) => context.next)
    .restoreSnapshotFn((context, state) => {
      expectTypeOf(state).toEqualTypeOf<number>();
      context.next = state;
    })
    .build();
  expectTypeOf(source).toEqualTypeOf<Source<number>>();
  SourceBuilder.stream('s', async () => 1).fillBufferFn<string>((context, buffer) => {
    expectTypeOf(context).toEqualTypeOf<number>();
    expectTypeOf(buffer).toEqualTypeOf<SourceBuffer<string>>();
    // @ts-expect-error a stream never ends
    buffer.close;
  });
  const batched = SinkBuilder.sinkBuilder('s', () => [0])
    .receiveBatchFn<string>((context, items, firstSeq) => {
      expectTypeOf(context).toEqualTypeOf<number[]>();
      expectTypeOf(items).toEqualTypeOf<readonly string[]>();
      expectTypeOf(firstSeq).toEqualTypeOf<number | undefined>();
    })
    .onError('skip')
    .retryStrategy(RetryStrategies.never())
    .build();
  expectTypeOf(batched).toEqualTypeOf<Sink<string>>();
  expectTypeOf(SourceBuilder.stream('s', () => 1)).not.toHaveProperty('onError');

  const sink = SinkBuilder.sinkBuilder('s', () => [0]).receiveFn<string>((context, item) => {
    expectTypeOf(context).toEqualTypeOf<number[]>();
    expectTypeOf(item).toEqualTypeOf<string>();
  });
  expectTypeOf(sink.build()).toEqualTypeOf<Sink<string>>();
});

test('groupingKey takes keys only, and keeps their type', () => {
  expectTypeOf(messages().groupingKey(({ kind }) => kind)).toEqualTypeOf<KeyedStage<Message, 'reading' | 'alarm'>>();
  expectTypeOf(messages().groupingKey((message) => message.kind.length)).toEqualTypeOf<KeyedStage<Message, number>>();
  // @ts-expect-error a message is no key
  messages().groupingKey((message) => message);
  // @ts-expect-error nor is undefined
  messages().groupingKey((message) => (message.kind === 'alarm' ? 'a' : undefined));
});

test('mapStateful types the state, the key and the item, and drops undefined and null from what comes out', () => {
  const keyed = messages().groupingKey(({ kind }) => kind.length);
  const stage = keyed.mapStateful(
    () => ({ count: 0 }),
    (state, key, item) => {
      expectTypeOf(state).toEqualTypeOf<{ count: number }>();
      expectTypeOf(key).toEqualTypeOf<number>();
      expectTypeOf(item).toEqualTypeOf<Message>();
      if (state.count > 3) return undefined;
      return state.count === 2 ? null : `${key}`;
    },
  );
  expectTypeOf(stage).toEqualTypeOf<Stage<string>>();
  // @ts-expect-error a number cannot be changed in place
  keyed.mapStateful(() => 0, () => 1); // biome-ignore format: the error is in the first line
});

test('filterStateful keeps the type of its items', () => {
  const stage = messages()
    .groupingKey(({ kind }) => kind)
    .filterStateful(
      () => new Set<string>(),
      (state, key, item) => {
        expectTypeOf(state).toEqualTypeOf<Set<string>>();
        expectTypeOf(item).toEqualTypeOf<Message>();
        expectTypeOf(key).toEqualTypeOf<'reading' | 'alarm'>();
        return state.has(key);
      },
    );
  expectTypeOf(stage).toEqualTypeOf<Stage<Message>>();
});

test('rollingAggregate gives entries of the key and the result, and knows the items in its functions', () => {
  const keyed = messages().groupingKey(({ kind }) => kind);
  type Kind = Message['kind'];
  expectTypeOf(keyed.rollingAggregate(AggregateOperations.counting())).toEqualTypeOf<Stage<Entry<Kind, number>>>();
  const summed = keyed.rollingAggregate(
    AggregateOperations.summing((message) => (message.kind === 'reading' ? message.value : 0)),
  );
  expectTypeOf(summed).toEqualTypeOf<Stage<Entry<Kind, number>>>();
  const last = keyed.rollingAggregate(AggregateOperations.maxBy((message) => message.kind));
  expectTypeOf(last).toEqualTypeOf<Stage<Entry<Kind, Message | undefined>>>();
  const both = keyed.rollingAggregate(
    AggregateOperations.allOf({
      count: AggregateOperations.counting(),
      last: AggregateOperations.last<Message>(),
      kinds: AggregateOperations.min((message: Message) => message.kind),
    }),
  );
  expectTypeOf(both).toEqualTypeOf<
    Stage<Entry<Kind, { count: number; last: Message | undefined; kinds: Kind | undefined }>>
  >();
  const own = AggregateOperations.withCreate(() => 0)
    .andAccumulate((length, { kind }: Message) => length + kind.length)
    .andCombine((length, later) => length + later)
    .andExport((length) => `${length}`);
  expectTypeOf(own).toEqualTypeOf<AggregateOperation<Message, number, string>>();
  // @ts-expect-error what it accumulates is a number
  AggregateOperations.withCreate(() => 0).andAccumulate(() => '');
  const ofStrings: AggregateOperation<string, number, number> = {
    create: () => 0,
    accumulate: (length, item) => length + item.length,
    export: (length) => length,
  };
  // @ts-expect-error an aggregate of strings does not take messages
  keyed.rollingAggregate(ofStrings);
});

test('a codec is one for the state of its stage', () => {
  const keyed = messages().groupingKey(({ kind }) => kind);
  const codec = StateCodecs.structuredClone<{ count: number }>({ version: 1, upgrade: () => ({ count: 0 }) });
  expectTypeOf(codec).toEqualTypeOf<StateCodec<{ count: number }>>();
  keyed.mapStateful(() => ({ count: 0 }), () => 1, { codec }); // biome-ignore format: one line
  keyed.rollingAggregate(AggregateOperations.counting(), { forgetWhen: (count) => count > 3 });
  // @ts-expect-error this codec is for another state
  keyed.mapStateful(() => ({ total: '' }), () => 1, { codec }); // biome-ignore format: one line
  messages().mapAsync(async () => 1, { codec: StateCodecs.structuredClone<Message>() });
});

test('lookup gives what the function makes of an item and its row, of which there may be none', () => {
  const sites = Tables.loaded('sites', async () => new Map([['reading', { site: 'north' }]]));
  const found = messages().lookup(
    sites,
    ({ kind }) => kind,
    (message, row) => {
      expectTypeOf(message).toEqualTypeOf<Message>();
      expectTypeOf(row).toEqualTypeOf<{ site: string } | undefined>();
      return row?.site;
    },
  );
  expectTypeOf(found).toEqualTypeOf<Stage<string | undefined>>();
  // @ts-expect-error the keys of the table are strings
  messages().lookup(sites, () => 1, () => 1); // biome-ignore format: one line
  expectTypeOf(MqttSources.table('a/+')).toEqualTypeOf<Table<string, Uint8Array>>();
  const numbered = MqttSources.table({
    topic: 'a/+',
    keyFn: (topic) => Number(topic.slice(2)),
    mapToRowFn: (_, message) => message.toString(),
  });
  expectTypeOf(numbered).toEqualTypeOf<Table<number, string>>();
});
