import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, it } from 'node:test';
import type { ProcessingGuarantee } from '../../../../src/connector/processing-guarantee.js';
import type { OnError } from '../../../../src/connector/sink.js';
import { functionMistake } from '../../../../src/errors/function-mistake.js';
import { MillraceError } from '../../../../src/errors/index.js';
import { MetricsRegistry } from '../../../../src/metrics/index.js';
import type { QualityOfService } from '../../../../src/mqtt/protocol/quality-of-service.js';
import type { ConnectedEvent } from '../../../../src/mqtt/protocol/session/session-event.js';
import type { BufferLimits } from '../../../../src/mqtt/source/buffer/message-buffer.js';
import { directCustody } from '../../../../src/mqtt/source/direct/custody.js';
import { DurableAcks } from '../../../../src/mqtt/source/durable/acks.js';
import type { DeduplicateBy } from '../../../../src/mqtt/source/items/deduplicate-by.js';
import { ItemMaker } from '../../../../src/mqtt/source/items/item-maker.js';
import type { MapToItemFn } from '../../../../src/mqtt/source/items/map-to-item.js';
import { type OnLowerQos, QosCheck } from '../../../../src/mqtt/source/items/qos-check.js';
import { MessageIntake } from '../../../../src/mqtt/source/message-intake.js';
import { MqttSourceReader } from '../../../../src/mqtt/source/mqtt-source-reader.js';
import { sourceMetrics } from '../../../../src/mqtt/source/source-metrics.js';
import { RecordingLine } from '../../../support/ends/recording-line.js';
import { messageEvent } from '../../../support/wire/message-event.js';

const bytes = (text: string) => new TextEncoder().encode(text);

interface Settings {
  readonly mapToItemFn?: MapToItemFn<string>;
  readonly schema?: (item: unknown) => string;
  readonly onError?: OnError;
  readonly guarantee?: ProcessingGuarantee;
  /** In a job with a store. */
  readonly stored?: boolean;
  readonly autoReconnect?: boolean;
  readonly limits?: Partial<BufferLimits>;
  readonly deduplicateBy?: DeduplicateBy<string>;
  readonly neededQos?: QualityOfService;
  readonly onLowerQos?: OnLowerQos;
}

const open = (settings: Settings = {}) => {
  const registry = new MetricsRegistry();
  const metrics = sourceMetrics(registry, 's');
  const line = new RecordingLine();
  const intake = new MessageIntake({
    name: 's',
    filters: ['t/#'],
    limits: {
      maxQos0Messages: 1000,
      maxReliableMessages: 1000,
      maxBytes: 1_000_000,
      qos0Overflow: 'drop-oldest',
      ...settings.limits,
    },
    autoReconnect: settings.autoReconnect ?? true,
    metrics,
  });
  const acks = settings.stored
    ? new DurableAcks(line.session, { inbound: [] }, 's')
    : directCustody(settings.guarantee ?? 'at-least-once').acknowledger(line.session);
  intake.attach(line, acks);
  const reader = new MqttSourceReader({
    name: 's',
    origin: 's',
    maker: new ItemMaker({
      name: 's',
      mapToItemFn: settings.mapToItemFn ?? ((_topic, message) => message.toString()),
      schema: settings.schema ?? String,
      deduplicateBy: settings.deduplicateBy,
      qosCheck: new QosCheck({
        source: 's',
        needed: settings.neededQos ?? 0,
        policy: settings.onLowerQos ?? 'accept',
        metrics,
      }),
    }),
    onError: settings.onError ?? 'fail',
    intake,
    line,
    acks,
    metrics,
  });
  let token = 0;
  const receive = (...payloads: readonly string[]) => {
    intake.onSessionEvents(
      payloads.map((text) => messageEvent({ token: ++token, topic: 't/a', payload: bytes(text) })),
    );
  };
  const metric = (name: string) =>
    registry.snapshot().find((sample) => sample.name === `millrace_source_${name}`)?.value;
  return { reader, intake, line, receive, metric };
};

const connected = (sessionPresent: boolean): ConnectedEvent => ({
  type: 'connected',
  version: 5,
  sessionPresent,
  clientId: 's',
  epoch: 1,
  limits: {
    receiveMaximum: 65535,
    maximumQoS: 2,
    retainAvailable: true,
    maximumPacketSize: 1_000_000,
    topicAliasMaximum: 0,
    wildcardSubscriptionAvailable: true,
    subscriptionIdentifiersAvailable: true,
    sharedSubscriptionAvailable: true,
    keepAlive: 60,
    sessionExpiryInterval: undefined,
  },
  connack: { type: 'connack', sessionPresent, reasonCode: 0 },
});

const lost = new MillraceError('CONNECTION_LOST', 'cut');

const failing: MapToItemFn<string> = (_topic, message) => {
  const text = message.toString();
  if (text.startsWith('bad')) throw new RangeError(`no ${text}`);
  return text;
};

describe('source reader', () => {
  it('numbers items from 0 and acknowledges them only when the commit that covers them is durable', () => {
    const { reader, line, receive } = open();
    receive('a', 'b', 'c');
    assert.deepEqual(line.accepted, []);
    const polled = reader.poll(2);
    assert.deepEqual([polled.items, polled.first, polled.last, polled.bytes], [['a', 'b'], 0, 1, 2 * (256 + 3 + 1)]);
    const snapshot = reader.snapshot(0);
    assert.deepEqual(line.accepted, []);
    reader.committed(snapshot.mark);
    assert.deepEqual(line.accepted, [1]);
    assert.equal(line.flushes, 1);
    assert.deepEqual(reader.poll(2).items, ['c']);
    reader.committed(reader.snapshot(2).mark);
    assert.deepEqual(line.accepted, [1, 2, 3]);
  });

  it('consumes no position when nothing has arrived', () => {
    const { reader } = open();
    const polled = reader.poll(10);
    assert.deepEqual([polled.items, polled.first, polled.last, polled.done], [[], 0, -1, false]);
  });

  it('does not acknowledge QoS 0', () => {
    const { reader, intake, line } = open();
    intake.onSessionEvents([
      messageEvent({ token: 1, qos: 0, topic: 't' }),
      messageEvent({ token: 2, qos: 2, topic: 't' }),
    ]);
    assert.equal(reader.poll(10).items.length, 2);
    reader.committed(1);
    assert.deepEqual(line.accepted, [2]);
  });

  it('completes a QoS 2 flow as soon as its PUBREL comes: there is no store', () => {
    const { intake, line } = open();
    intake.onSessionEvents([{ type: 'release', token: 7 }]);
    assert.deepEqual(line.completed, [7]);
  });

  it('acknowledges on receipt without a guarantee, and nothing after it', () => {
    const { reader, line, receive } = open({ guarantee: 'none' });
    receive('a', 'b');
    assert.deepEqual(line.accepted, [1, 2]);
    assert.deepEqual(reader.poll(10).items, ['a', 'b']);
    reader.committed(1);
    assert.deepEqual(line.accepted, [1, 2]);
  });

  it('acknowledges, counts and names a message that matches no filter', () => {
    const { reader, intake, line, metric } = open();
    const named: unknown[] = [];
    const listener = (message: unknown) => named.push(message);
    subscribe('millrace:message-unmatched', listener);
    try {
      intake.onSessionEvents([
        messageEvent({ token: 1, topic: 'left/over' }),
        messageEvent({ token: 2, topic: 't/a' }),
      ]);
    } finally {
      unsubscribe('millrace:message-unmatched', listener);
    }
    assert.deepEqual(line.accepted, [1]);
    assert.equal(reader.poll(10).items.length, 1);
    assert.equal(metric('unmatched_total'), 1);
    assert.deepEqual(named, [{ source: 's', topic: 'left/over' }]);
  });

  it('ready waits for a message and rejects when the source has failed', async () => {
    const { reader, intake, receive } = open();
    const ready = reader.ready();
    receive('a');
    await ready;
    await reader.ready();
    reader.poll(10);
    const failed = reader.ready();
    intake.onFailed(lost);
    await assert.rejects(failed, { code: 'CONNECTION_LOST' });
    await assert.rejects(reader.ready(), { code: 'CONNECTION_LOST' });
    assert.throws(() => reader.poll(1), { code: 'CONNECTION_LOST' });
  });

  it('tells the first PUBREL that waits for a commit, and the last that is to come, and none between them', async () => {
    const { reader, intake, line } = open({ stored: true });
    const release = (token: number, owed: number): void => {
      line.session.releasesOwed = owed;
      intake.onSessionEvents([{ type: 'release', token }]);
    };
    const first = Promise.all([reader.whenDirty(), reader.ready()]);
    release(1, 2);
    await first;
    const told: string[] = [];
    const last = Promise.all([
      reader.whenDirty().then(() => told.push('dirty')),
      reader.ready().then(() => told.push('ready')),
    ]);
    release(2, 1);
    await new Promise(setImmediate);
    assert.deepEqual(told, []);
    release(3, 0);
    await last;
    assert.equal(told.length, 2);
  });

  it('tells what there is to commit when the connection is lost on which PUBRELs were to come', async () => {
    const { reader, intake, line } = open({ stored: true });
    line.session.releasesOwed = 2;
    intake.onSessionEvents([{ type: 'release', token: 1 }]);
    const last = reader.whenDirty();
    line.session.releasesOwed = 0;
    intake.onDisconnected(lost);
    await last;
    assert.equal(reader.awaited, 0);
  });

  it('ends a wait when it is closed, is done then, and closes once', async () => {
    const { reader, line, receive } = open();
    const ready = reader.ready();
    const closing = [reader.close(), reader.close()];
    await Promise.all([ready, ...closing, reader.ready()]);
    receive('late');
    assert.equal(reader.poll(10).done, true);
    assert.deepEqual(reader.poll(10).items, []);
    reader.committed(10);
    assert.deepEqual(line.accepted, []);
    assert.equal(line.closed, 1);
  });
});

describe('source reader: onError', () => {
  it('fail gives the items before, then throws with topic and position, for good, and acknowledges nothing of it', async () => {
    const { reader, line, receive } = open({ mapToItemFn: failing });
    receive('a', 'bad', 'c');
    const polled = reader.poll(10);
    assert.deepEqual([polled.items, polled.last], [['a'], 0]);
    const isFailure = (error: unknown) => {
      assert.ok(error instanceof MillraceError);
      assert.equal(error.code, 'USER_FUNCTION_FAILED');
      assert.deepEqual(error.details, { topic: 't/a', position: 1 });
      assert.ok(error.cause instanceof RangeError);
      return true;
    };
    await assert.rejects(reader.ready(), isFailure);
    assert.throws(() => reader.poll(10), isFailure);
    assert.throws(() => reader.poll(10), isFailure);
    reader.committed(reader.snapshot(10).mark);
    assert.deepEqual(line.accepted, [1]);
  });

  it('skip gives the message as rejected, for the engine to count and to acknowledge', () => {
    const { reader, line, receive, metric } = open({ mapToItemFn: failing, onError: 'skip' });
    receive('bad', 'a', 'bad', 'b', 'bad');
    const polled = reader.poll(10);
    assert.deepEqual([polled.items, polled.first, polled.last], [['a', 'b'], 0, 4]);
    assert.deepEqual(
      polled.rejected.map(({ position }) => position),
      [0, 2, 4],
    );
    reader.committed(1);
    assert.deepEqual(line.accepted, [1, 2]);
    reader.committed(4);
    assert.deepEqual(line.accepted, [1, 2, 3, 4, 5]);
    assert.equal(metric('rejected_total'), 3);
  });

  it('what a schema refuses is for onError, and a schema that is wrong for every item fails the source', () => {
    const schema = (item: unknown) => {
      if (item === 'bad') throw new RangeError('bad');
      return `${item}!`;
    };
    const { reader, receive } = open({ schema, onError: 'skip' });
    receive('bad', 'a');
    const { items, rejected } = reader.poll(10);
    assert.deepEqual([items, rejected.length], [['a!'], 1]);
    assert.match(
      rejected[0]?.letter.error.message ?? '',
      /^schema failed on a message of topic "t\/a" at position 0: bad/,
    );
    const mistaken = () => {
      throw functionMistake('the schema validates asynchronously', 'Use it elsewhere.');
    };
    const wrong = open({ schema: mistaken, onError: 'skip' });
    wrong.receive('a');
    assert.throws(() => wrong.reader.poll(10), { code: 'USER_FUNCTION_FAILED', message: /validates asynchronously/ });
    assert.deepEqual(wrong.line.accepted, []);
  });

  it('an async mapToItemFn fails the source, whatever onError says', () => {
    const refusedByTypes = (() => Promise.reject(new Error('lost'))) as never;
    for (const onError of ['fail', 'skip'] as const) {
      const { reader, line, receive } = open({ mapToItemFn: refusedByTypes, onError });
      receive('a');
      assert.throws(
        () => reader.poll(10),
        (error) => {
          assert.ok(error instanceof MillraceError);
          assert.equal(error.code, 'USER_FUNCTION_FAILED');
          assert.match(error.advice ?? '', /mapAsync/);
          return true;
        },
      );
      assert.deepEqual(line.accepted, []);
    }
  });

  it('tells of a connection that has failed, also while nobody polls', async () => {
    const { reader, intake, receive } = open({ mapToItemFn: failing });
    receive('a');
    intake.onFailed(lost);
    assert.equal(await reader.failed, lost);
  });

  it('deadLetter gives the input with all that is known of it, acknowledged by its own position', () => {
    const deadLetter = { open: () => Promise.reject(new Error('not here')) };
    const { reader, intake, line } = open({ mapToItemFn: failing, onError: { deadLetter } as unknown as OnError });
    const properties = { contentType: 'text' };
    const payload = bytes('bad one');
    intake.onSessionEvents([
      messageEvent({ token: 1, topic: 't/a', payload: bytes('ok') }),
      messageEvent({ token: 2, topic: 't/b', payload, properties }),
      messageEvent({ token: 3, topic: 't/a', payload: bytes('ok') }),
    ]);
    const polled = reader.poll(10);
    assert.deepEqual([polled.items, polled.first, polled.last], [['ok', 'ok'], 0, 2]);
    const [rejected] = polled.rejected;
    assert.ok(rejected);
    payload.fill(0);
    assert.equal(rejected.position, 1);
    assert.equal(new TextDecoder().decode(rejected.letter.payload), 'bad one');
    const { attributes, error, attempt, origin } = rejected.letter;
    assert.deepEqual([attributes.topic, error.code, attempt, origin], ['t/b', 'USER_FUNCTION_FAILED', 1, 's']);
    assert.deepEqual(attributes.properties, properties);
    reader.committed(0);
    assert.deepEqual(line.accepted, [1]);
    reader.committed(2);
    assert.deepEqual(line.accepted, [1, 2, 3]);
  });
});

describe('source reader: cuts', () => {
  it('delivers an unpolled QoS 1 message once when the broker sends it again', () => {
    const { reader, intake, receive, metric } = open();
    receive('a', 'b', 'c');
    assert.deepEqual(reader.poll(1).items, ['a']);
    intake.onDisconnected(lost);
    assert.deepEqual(reader.poll(10).items, []);
    intake.onConnected(connected(true), true);
    receive('a', 'b', 'c', 'd');
    assert.deepEqual(reader.poll(10).items, ['a', 'b', 'c', 'd']);
    assert.equal(metric('superseded_total'), 2);
  });

  it('delivers the only copies when the broker lost the session', () => {
    const { reader, intake, receive } = open();
    receive('a', 'b');
    intake.onDisconnected(lost);
    intake.onConnected(connected(false), true);
    receive('c');
    assert.deepEqual(reader.poll(10).items, ['a', 'b', 'c']);
  });

  it('rather delivers twice than never when a present session may be an empty one (R5a)', () => {
    const { reader, intake, receive } = open();
    receive('a');
    intake.onDisconnected(lost);
    intake.onConnected(connected(true), false);
    receive('a');
    assert.deepEqual(reader.poll(10).items, ['a', 'a']);
  });

  it('keeps QoS 2 messages over a cut: their tokens live on', () => {
    const { reader, intake, line } = open();
    intake.onSessionEvents([messageEvent({ token: 1, qos: 2, topic: 't' })]);
    intake.onDisconnected(lost);
    assert.equal(reader.poll(10).items.length, 1);
    intake.onConnected(connected(true), true);
    reader.committed(0);
    assert.deepEqual(line.accepted, [1]);
  });

  it('keeps what it has acknowledged on receipt over a cut', () => {
    const { reader, intake, receive } = open({ guarantee: 'none' });
    receive('a');
    intake.onDisconnected(lost);
    intake.onConnected(connected(true), true);
    assert.deepEqual(reader.poll(10).items, ['a']);
  });

  it('fails at a cut without auto-reconnect, but not at a failed attempt to open: another may follow', () => {
    const { reader, intake } = open({ autoReconnect: false });
    intake.onDisconnected(lost);
    reader.poll(1);
    intake.onSubscribed([]);
    intake.onDisconnected(lost);
    assert.throws(() => reader.poll(1), { code: 'CONNECTION_LOST' });
  });

  it('a waiting engine is woken when held copies are released', async () => {
    const { reader, intake, receive } = open();
    receive('a');
    intake.onDisconnected(lost);
    const ready = reader.ready();
    intake.onConnected(connected(false), true);
    await ready;
    assert.deepEqual(reader.poll(10).items, ['a']);
  });
});

describe('source reader: bounds', () => {
  it('stops reading above the byte bound and goes on when half of it is free', () => {
    const { reader, line, receive } = open({ limits: { maxBytes: 500 } });
    receive('1234567', '1234567');
    assert.equal(line.reading, false);
    reader.poll(1);
    assert.equal(line.reading, false);
    reader.poll(1);
    assert.equal(line.reading, true);
  });

  it('reads again after a cut, so that the next CONNACK can be read', () => {
    const { intake, line, receive } = open({ limits: { maxReliableMessages: 2 } });
    receive('a', 'b');
    assert.equal(line.reading, false);
    intake.onDisconnected(lost);
    assert.equal(line.reading, true);
    intake.onConnected(connected(false), true);
    assert.equal(line.reading, false);
  });

  it('counts every QoS 0 drop and tells of a burst once', () => {
    const { reader, intake, metric } = open({ limits: { maxQos0Messages: 2, qos0Overflow: 'drop-newest' } });
    const told: unknown[] = [];
    const listener = (message: unknown) => told.push(message);
    subscribe('millrace:messages-dropped', listener);
    const burst = (from: number) => {
      for (let token = from; token < from + 5; token += 1) {
        intake.onSessionEvents([messageEvent({ token, qos: 0, topic: 't' })]);
      }
    };
    try {
      burst(1);
      reader.poll(10);
      burst(6);
    } finally {
      unsubscribe('millrace:messages-dropped', listener);
    }
    assert.equal(metric('dropped_total'), 6);
    assert.equal(told.length, 2);
  });
});

describe('source reader: latency', () => {
  const observed = (value: ReturnType<ReturnType<typeof open>['metric']>) =>
    typeof value === 'object' ? value.count : -1;

  it('is that of one message at a time, from its receipt to its acknowledgement', () => {
    const { reader, receive, metric } = open();
    const latencies = () => observed(metric('latency_seconds'));
    receive('a', 'b', 'c');
    reader.poll(1);
    reader.poll(2);
    reader.committed(reader.snapshot(-1).mark);
    assert.equal(latencies(), 0);
    reader.committed(reader.snapshot(0).mark);
    reader.committed(reader.snapshot(2).mark);
    assert.equal(latencies(), 1);
    receive('d');
    reader.poll(1);
    reader.committed(reader.snapshot(3).mark);
    assert.equal(latencies(), 2);
  });

  it('is not measured of a message that may never be polled, and then of another', () => {
    const { reader, intake, receive, metric } = open();
    receive('a');
    intake.onDisconnected(lost);
    intake.onConnected(connected(true), true);
    receive('a');
    reader.poll(1);
    reader.committed(reader.snapshot(0).mark);
    assert.equal(observed(metric('latency_seconds')), 1);
  });
});

describe('source reader: what the broker grants', () => {
  it('fails at-least-once when QoS 1 is granted as 0, and takes 2 granted as 1', () => {
    const { reader, intake } = open();
    intake.onSubscribed([{ filter: 't/#', requested: 2, granted: 1 }]);
    reader.poll(1);
    intake.onSubscribed([{ filter: 't/#', requested: 1, granted: 0 }]);
    assert.throws(() => reader.poll(1), { code: 'GRANTED_QOS_TOO_LOW' });
  });

  it('takes any grant without a guarantee', () => {
    const { reader, intake } = open({ guarantee: 'none' });
    intake.onSubscribed([{ filter: 't/#', requested: 1, granted: 0 }]);
    reader.poll(1);
  });
});

describe('source reader: deduplicateBy', () => {
  it('an async key function fails the source, whatever onError says', () => {
    const keyFn = (() => Promise.reject(new Error('lost'))) as never;
    const { reader, line, receive } = open({ deduplicateBy: { keyFn }, onError: 'skip' });
    receive('a');
    assert.throws(() => reader.poll(10), { code: 'USER_FUNCTION_FAILED', message: /deduplicateBy.*a promise/ });
    assert.deepEqual(line.accepted, []);
  });

  const byText = { keyFn: (_message: unknown, item: string) => (item.startsWith('any') ? undefined : item) };

  it('gives a key with each item, and undefined for one that is to be taken whatever came before', () => {
    const { reader, receive } = open({ deduplicateBy: byText });
    receive('a', 'any', 'a');
    const polled = reader.poll(10);
    assert.deepEqual(
      [polled.items, polled.keys],
      [
        ['a', 'any', 'a'],
        ['a', undefined, 'a'],
      ],
    );
  });

  it('gives no keys without it', () => {
    const { reader, receive } = open();
    receive('a');
    assert.equal(reader.poll(10).keys, undefined);
  });

  it('a key that is none is handled by onError, and the keys stay beside their items', () => {
    for (const key of ['', 'x'.repeat(513), 7 as never]) {
      const { reader, receive } = open({
        onError: 'skip',
        deduplicateBy: { keyFn: (_message, item) => (item === 'bad' ? key : item) },
      });
      receive('a', 'bad', 'b');
      const polled = reader.poll(10);
      assert.deepEqual(
        [polled.items, polled.keys],
        [
          ['a', 'b'],
          ['a', 'b'],
        ],
      );
      const [rejected] = polled.rejected;
      assert.equal(rejected?.position, 1);
      assert.match(
        rejected.letter.error.message,
        /^deduplicateBy failed on a message of topic "t\/a" at position 1: the key/,
      );
    }
  });

  it('what it throws fails the source by default, and the message is not acknowledged', () => {
    const { reader, receive, line } = open({
      deduplicateBy: {
        keyFn: () => {
          throw new RangeError('no id');
        },
      },
    });
    receive('a');
    assert.throws(() => reader.poll(10), { code: 'USER_FUNCTION_FAILED', message: /deduplicateBy failed.*no id/ });
    reader.committed(10);
    assert.deepEqual(line.accepted, []);
  });
});

describe('source reader: messages below the QoS that the guarantee needs (R16)', () => {
  const low = (token: number, qos: 0 | 1 | 2, text: string) =>
    messageEvent({ token, qos, topic: 't/a', payload: bytes(text) });

  const told = (run: () => void): readonly unknown[] => {
    const events: unknown[] = [];
    const listener = (event: unknown) => events.push(event);
    subscribe('millrace:qos-below-subscription', listener);
    try {
      run();
    } finally {
      unsubscribe('millrace:qos-below-subscription', listener);
    }
    return events;
  };

  it('accept takes them, counts each and tells each topic once', () => {
    const { reader, intake, metric, line } = open({ neededQos: 2 });
    intake.onSessionEvents([low(1, 2, 'a'), low(2, 1, 'b'), low(3, 0, 'c'), low(4, 1, 'd')]);
    const events = told(() => assert.deepEqual(reader.poll(10).items, ['a', 'b', 'c', 'd']));
    assert.deepEqual(events, [{ source: 's', topic: 't/a', qos: 1, needed: 2, policy: 'accept' }]);
    assert.equal(metric('lower_qos_total'), 3);
    reader.committed(3);
    assert.deepEqual(line.accepted, [1, 2, 4]);
  });

  it('reject gives them to onError', () => {
    const { reader, intake } = open({ neededQos: 2, onLowerQos: 'reject', onError: 'skip' });
    intake.onSessionEvents([low(1, 2, 'a'), low(2, 1, 'b'), low(3, 2, 'c')]);
    const polled = reader.poll(10);
    assert.deepEqual(polled.items, ['a', 'c']);
    assert.deepEqual(
      polled.rejected.map(({ position, letter }) => [position, letter.error.code]),
      [[1, 'MESSAGE_QOS_TOO_LOW']],
    );
  });

  it('fail fails the source at the message, whatever onError says', () => {
    const { reader, intake } = open({ neededQos: 2, onLowerQos: 'fail', onError: 'skip' });
    intake.onSessionEvents([low(1, 2, 'a'), low(2, 1, 'b')]);
    assert.deepEqual(reader.poll(10).items, ['a']);
    assert.throws(() => reader.poll(10), { code: 'MESSAGE_QOS_TOO_LOW', message: /came at QoS 1.*needs 2/ });
  });

  it('nothing is too low where the guarantee needs nothing', () => {
    const { reader, intake, metric } = open({ onLowerQos: 'fail' });
    intake.onSessionEvents([low(1, 0, 'a')]);
    assert.deepEqual(reader.poll(10).items, ['a']);
    assert.equal(metric('lower_qos_total'), 0);
  });
});
