import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { connectAsync } from 'mqtt';
import type { ProcessingGuarantee } from '../../src/connector/processing-guarantee.js';
import { DeadLetters, Engine, MqttSources, Pipeline, type QualityOfService, Sinks } from '../../src/index.js';
import { startAedes } from '../support/brokers/aedes-broker.js';
import {
  accept,
  type FakeBroker,
  type FakeClient,
  type FakeScript,
  startFakeBroker,
} from '../support/brokers/fake-broker.js';
import { keepingScript } from '../support/brokers/keeping-broker.js';
import { startMosquitto } from '../support/brokers/mosquitto.js';
import { publishAll } from '../support/clients/mosquitto-pub.js';
import { startMosquittoSub } from '../support/clients/mosquitto-sub.js';
import { LIMIT, SUITE_LIMIT } from '../support/limits.js';
import { Crash, DurableSourceJob } from '../support/rigs/durable-source-job.js';
import { SourceDriver } from '../support/rigs/source-driver.js';
import { runCli, startCli } from '../support/start-cli.js';
import { tempDir } from '../support/temp-dir.js';
import { Told } from '../support/told.js';
import { until } from '../support/until.js';
import { parseWirePayload } from '../support/wire/wire-language.js';

/*
 * R22: a PUBLISH that can be delimited never stops what is behind it. The brokers pass such messages on (mosquitto, aedes) or make
 * them up themselves (the scripted one).
 */

let clients = 0;
const QUICK = { reconnectPeriod: 10, maxReconnectPeriod: 50 };

interface How {
  readonly qos?: QualityOfService;
  readonly version?: 5 | 4;
  readonly kept?: boolean;
}

const sourceAt = (url: string, { qos = 1, version = 5, kept = true }: How = {}) =>
  MqttSources.builder()
    .broker(url)
    .clientId(`malformed-${process.pid}-${++clients}`)
    .keepSession(kept)
    .topic('#')
    .qualityOfService(qos)
    .connectOptionsFn(() => ({ protocolVersion: version, ...QUICK }))
    .mapToItemFn((topic, message) => `${topic}=${message.toString()}`);

describe('R22: what brokers pass on', SUITE_LIMIT, () => {
  for (const qos of [1, 2] as const) {
    it(`a response topic with a wildcard is left out and told, and the message and those behind it arrive (mosquitto, QoS ${qos})`, async () => {
      await using broker = await startMosquitto();
      using told = new Told('properties-dropped');
      await using driver = await SourceDriver.open(sourceAt(broker.url, { qos }).build());
      const publisher = { port: broker.port, topic: 'a/bad', qos, version: 5 } as const;
      await publishAll({ ...publisher, args: ['-D', 'publish', 'response-topic', 'r/+/x'] }, ['x']);
      await publishAll({ ...publisher, topic: 'a/good' }, ['y']);
      assert.deepEqual(await driver.consume(2), ['a/bad=x', 'a/good=y']);
      assert.deepEqual(told.events[0]?.data, {
        source: `malformed-${process.pid}-${clients}`,
        topic: 'a/bad',
        properties: ['responseTopic'],
      });
      assert.equal(driver.metric('millrace_source_properties_dropped_total'), 1);
      assert.equal(driver.metric('millrace_connects_total'), 1);
    });
  }

  it(
    'a bridge passes it and what is behind it on, kept messages and retained ones too (mosquitto)',
    LIMIT,
    async () => {
      await using from = await startMosquitto();
      await using to = await startMosquitto();
      const publisher = {
        port: from.port,
        topic: 'a/bad',
        version: 5,
        args: ['-D', 'publish', 'response-topic', 'r/+/x'],
      } as const;
      await publishAll({ ...publisher, topic: 'a/retained', retain: true }, ['r']);
      const witness = await startMosquittoSub({ port: to.port, topic: 'out/#' });
      const args = [
        'bridge',
        '--from',
        from.url,
        '--topic',
        '#',
        '--to',
        to.url,
        '--to-topic',
        'out/{topic}',
        '--client-id',
        'b',
      ];
      await using bridge = startCli(args);
      await bridge.waitForLine(/RUNNING/);
      await publishAll(publisher, ['x']);
      await publishAll({ port: from.port, topic: 'a/good' }, ['y']);
      const messages = await witness.untilCount(3);
      assert.deepEqual(
        messages.map(({ topic, text }) => `${topic}=${text}`),
        ['out/a/retained=r', 'out/a/bad=x', 'out/a/good=y'],
      );
      assert.deepEqual(await bridge.end('SIGTERM'), { code: 0, signal: null });
    },
  );

  it('topics with control characters and non-characters are taken (aedes)', async () => {
    await using broker = await startAedes();
    const topics = ['a\tb', 'a\nb', 'a\u001bb', 'a\u007fb', 'a\u0085b', 'a\uffffb', 'a\ufdd0b', 'good'];
    const publish = (topic: string) => {
      const packet = { cmd: 'publish', topic, payload: 'x', qos: 1, dup: false, retain: false } as const;
      return new Promise<void>((resolve, reject) =>
        broker.aedes.publish(packet, (error) => (error ? reject(error) : resolve())),
      );
    };
    const source = sourceAt(broker.url, { version: 4 });
    await using driver = await SourceDriver.open(source.build());
    await using careful = await SourceDriver.open(
      sourceAt(broker.url)
        .connectOptionsFn(() => ({ protocolVersion: 4, refuseControlCharacters: true }))
        .onError('skip')
        .build(),
    );
    for (const topic of topics) await publish(topic);
    assert.deepEqual(
      await driver.consume(topics.length),
      topics.map((topic) => `${topic}=x`),
    );
    assert.deepEqual(await careful.consume(1), ['good=x']);
    assert.deepEqual(
      careful.rejected.map(({ letter }) => [letter.attributes.topic, letter.error.code]),
      topics.slice(0, -1).map((topic) => [topic, 'MALFORMED_MESSAGE']),
    );
  });

  it('a bridge passes such topics on to a broker that takes them (aedes)', LIMIT, async () => {
    await using broker = await startAedes();
    const witness = await connectAsync(broker.url);
    const seen: string[] = [];
    witness.on('message', (topic) => seen.push(topic));
    await witness.subscribeAsync('out/#', { qos: 1 });
    const sides = ['--from', broker.url, '--to', broker.url, '--topic', 'in/#', '--to-topic', 'out/{topic}'];
    await using bridge = startCli(['bridge', ...sides, '--client-id', 'odd', '--qos', '1']);
    await bridge.waitForLine(/RUNNING/);
    const topics = ['in/a\tb', 'in/a\u001bb', 'in/\u0085', 'in/\uffff', 'in/\ufdd0', 'in/good'];
    for (const topic of topics) {
      const packet = { cmd: 'publish', topic, payload: 'x', qos: 1, dup: false, retain: false } as const;
      broker.aedes.publish(packet, (error) => assert.ifError(error));
    }
    await until(() => seen.length >= topics.length, { what: () => `${topics.length} topics, has ${seen.join(' ')}` });
    assert.deepEqual(
      seen,
      topics.map((topic) => `out/${topic}`),
    );
    await witness.endAsync(true);
    assert.deepEqual(await bridge.end('SIGTERM'), { code: 0, signal: null });
  });
});

/** NUL, ill-formed UTF-8, a wildcard and no topic at all: PUBLISH with the ids 1 to 4, by version and QoS; then a good one with id 5. */
const badThenGood = (version: 5 | 4, qos: QualityOfService, dup = false): Uint8Array => {
  const first = (0x30 | (qos << 1) | (dup ? 8 : 0)).toString(16);
  const rest = (id: number) => `${qos === 0 ? '' : `m${id}`} ${version === 5 ? '00' : ''} 'x'`;
  const one = (topic: string, id: number) => {
    const body = parseWirePayload(`${topic} ${rest(id)}`);
    return parseWirePayload(`${first} r${body.length} ${Buffer.from(body).toString('hex')}`);
  };
  const topics = ["s3 'a' 00 'b'", "s3 'a' FF 'b'", "s3 'a/+'", 's0', "s4 'good'"];
  return Buffer.concat(topics.map((topic, index) => one(topic, index + 1)));
};

const sendsAfterSubscribe = (version: 5 | 4, qos: QualityOfService): FakeScript => ({
  connect: accept,
  subscribe: (client, { packetId, subscriptions }) => {
    client.send({ type: 'suback', packetId, reasonCodes: subscriptions.map((asked) => asked.qos) });
    client.sendBytes(badThenGood(version, qos));
  },
});

const answersOf = (client: FakeClient, type: 'puback' | 'pubrec' | 'pubcomp') =>
  client.packets.flatMap((packet) => (packet.type === type ? [[packet.packetId, packet.reasonCode]] : []));

const answered = (client: FakeClient, type: 'puback' | 'pubrec' | 'pubcomp', count: number) =>
  until(() => answersOf(client, type).length >= count, { what: `${count} ${type}` });

describe('R22: a broker that sends NUL, ill-formed UTF-8, a wildcard and no topic', SUITE_LIMIT, () => {
  const cells: readonly [ProcessingGuarantee, boolean][] = [
    ['none', false],
    ['none', true],
    ['at-least-once', true],
  ];
  for (const version of [5, 4] as const) {
    for (const qos of [0, 1, 2] as const) {
      for (const [guarantee, kept] of cells.filter(([wanted]) => qos > 0 || wanted === 'none')) {
        it(`does not stop what is behind them: ${guarantee}, QoS ${qos}, version ${version}, session kept ${kept}`, async () => {
          await using broker = await startFakeBroker(sendsAfterSubscribe(version, qos));
          const source = sourceAt(broker.url, { qos, version, kept }).onError('skip').build();
          await using driver = await SourceDriver.open(source, guarantee);
          await driver.take(1);
          assert.deepEqual(driver.items, ['good=x']);
          assert.deepEqual(
            driver.rejected.map(({ letter }) => [letter.attributes.topic, letter.error.code]),
            [undefined, undefined, 'a/+', undefined].map((topic) => [topic, 'MALFORMED_MESSAGE']),
          );
          driver.commit();
          const [client] = broker.clients;
          assert.ok(client);
          const code = version === 5 ? 0x90 : 0;
          const expected = [
            [1, code],
            [2, code],
            [3, code],
            [4, code],
            [5, 0],
          ];
          if (qos > 0) await answered(client, qos === 1 ? 'puback' : 'pubrec', 5);
          assert.deepEqual(answersOf(client, qos === 1 ? 'puback' : 'pubrec'), qos === 0 ? [] : expected);
          assert.equal(broker.clients.length, 1, 'the connection stays');
        });
      }
    }
  }

  it('fails by default, naming the message, which is not acknowledged', async () => {
    await using broker = await startFakeBroker(sendsAfterSubscribe(5, 1));
    const job = Engine.embedded().newJob(readingFrom(broker), { processingGuarantee: 'at-least-once' });
    await assert.rejects(job.join(), (error: Error) => {
      assert.match(error.message, /a message whose topic cannot be read is malformed: .*NUL/);
      return 'code' in error && error.code === 'MALFORMED_MESSAGE';
    });
    assert.deepEqual(
      broker.clients.flatMap((client) => answersOf(client, 'puback')),
      [],
    );
  });

  it('fails a bridge with the error and its way out', LIMIT, async () => {
    await using broker = await startFakeBroker(sendsAfterSubscribe(5, 1));
    await using to = await startFakeBroker();
    const args = [
      'bridge',
      '--from',
      broker.url,
      '--topic',
      '#',
      '--to',
      to.url,
      '--to-topic',
      'out',
      '--client-id',
      'b',
    ];
    const { code, stderr } = await runCli(args);
    assert.equal(code, 1, stderr.join('\n'));
    assert.match(stderr.join('\n'), /is malformed: .*NUL/);
  });

  it('a bridge with --dead-letters goes on, and both sides write to one file', LIMIT, async () => {
    await using broker = await startFakeBroker(sendsAfterSubscribe(5, 1));
    const refusesGood: FakeScript = {
      publish: (client, { packetId }) => client.send({ type: 'puback', packetId, reasonCode: 0x87 }),
    };
    await using to = await startFakeBroker(refusesGood);
    const path = join(tempDir(), 'letters.jsonl');
    const sides = ['--from', broker.url, '--topic', '#', '--to', to.url, '--to-topic', 'out', '--client-id', 'b'];
    await using bridge = startCli(['bridge', ...sides, '--dead-letters', path]);
    await bridge.waitForLine(/RUNNING/);
    const client = await broker.client(0);
    await answered(client, 'puback', 5);
    assert.deepEqual(await bridge.end('SIGTERM'), { code: 0, signal: null });
    const codes = readFileSync(path, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).error.code);
    assert.deepEqual(codes.sort(), [...new Array(4).fill('MALFORMED_MESSAGE'), 'PUBLISH_REFUSED']);
  });

  it('gives the raw packet to a dead-letter file before the message is acknowledged', async () => {
    await using broker = await startFakeBroker(sendsAfterSubscribe(5, 1));
    const path = join(tempDir(), 'letters.jsonl');
    const job = Engine.embedded().newJob(readingFrom(broker, path), { processingGuarantee: 'at-least-once' });
    const client = await broker.client(0);
    await answered(client, 'puback', 5);
    await job.cancel();
    const letters = readFileSync(path, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const packets = letters.map(({ packet }) => Buffer.from(packet, 'base64'));
    const all = badThenGood(5, 1);
    assert.deepEqual(Buffer.concat(packets), Buffer.from(all.subarray(0, Buffer.concat(packets).length)));
    assert.deepEqual(
      letters.map(({ topic, error }) => [topic, error.code]),
      [
        [undefined, 'MALFORMED_MESSAGE'],
        [undefined, 'MALFORMED_MESSAGE'],
        ['a/+', 'MALFORMED_MESSAGE'],
        [undefined, 'MALFORMED_MESSAGE'],
      ],
    );
  });
});

const readingFrom = (broker: FakeBroker, letters?: string): Pipeline => {
  const source = sourceAt(broker.url);
  const pipeline = Pipeline.create();
  pipeline
    .readFrom((letters === undefined ? source : source.onError({ deadLetter: DeadLetters.file(letters) })).build())
    .writeTo(Sinks.noop());
  return pipeline;
};

describe('R1, R2, R22: rejected QoS 2 messages of a job with a store', SUITE_LIMIT, () => {
  for (const version of [5, 4] as const) {
    for (const step of ['seal', 'store', 'tell'] as const) {
      it(`are settled once and answered positively, with a crash after ${step} (${version})`, async () => {
        const script = keepingScript();
        await using broker = await startFakeBroker(script);
        const source = sourceAt(broker.url, { qos: 2, version }).onUnknownSession('adopt').onError('skip').build();
        const job = new DurableSourceJob(source);
        await job.start();
        const before = await connectedClient(broker);
        before.sendBytes(badThenGood(version, 2));
        job.onStep = (at) => {
          if (at === step) throw new Crash();
        };
        await assert.rejects(
          job.run(() => job.effects.length > 0),
          (error) => error instanceof Crash,
        );
        before.reset();
        await job.stop();
        job.onStep = () => {};
        await job.start();
        const after = await connectedClient(broker);
        after.sendBytes(badThenGood(version, 2, true));
        await job.run(() => job.effects.length > 0 && atRest(job));
        await answered(after, 'pubcomp', 5);
        assert.deepEqual(job.effects, ['good=x']);
        assert.deepEqual(
          job.letters.map(({ error }) => error.code),
          new Array(4).fill('MALFORMED_MESSAGE'),
        );
        const positive = [1, 2, 3, 4, 5].map((id) => [id, 0]);
        assert.deepEqual(answersOf(after, 'pubrec'), positive);
        assert.deepEqual(answersOf(after, 'pubcomp'), positive);
        await job.stop();
      });
    }
  }
});

/** No id of the job is open: each has had its PUBREL, and its removal is durable (R3). */
const atRest = ({ stored }: DurableSourceJob<unknown>): boolean =>
  typeof stored === 'object' && stored !== null && 'inbound' in stored && Object(stored.inbound).length === 0;

/** The last connection, subscribed. */
const connectedClient = async (broker: FakeBroker): Promise<FakeClient> => {
  const client = await until(() => broker.clients.findLast(({ ended }) => !ended), { what: 'a connection' });
  return client;
};

describe('what cannot be delimited', SUITE_LIMIT, () => {
  for (const [name, wire] of [
    ['QoS 3', "36 r7 s1 'a' m7 00 'x'"],
    ['packet id 0', "32 r7 s1 'a' m0 00 'x'"],
    ['a topic that is longer than its packet', "32 r7 s9 'a' m7 00 'x'"],
  ] as const) {
    it(`ends the connection, and the source by name at the fifth in a row: ${name}`, async () => {
      await using broker = await startFakeBroker({
        subscribe: (client, { packetId }) => {
          client.send({ type: 'suback', packetId, reasonCodes: [1] });
          client.sendBytes(parseWirePayload(wire));
        },
      });
      await using driver = await SourceDriver.open(sourceAt(broker.url, { kept: false }).build());
      const failed = driver.reader.failed;
      assert.ok(failed);
      const error = await failed;
      assert.match(error.code, /MALFORMED_PACKET|PROTOCOL_ERROR/);
      assert.match(error.message, /on 5 connections in a row/);
      assert.equal(error.retryable, false);
      assert.equal(broker.clients.length, 5);
    });
  }
});
