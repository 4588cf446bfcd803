import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { generate, type Packet } from 'mqtt-packet';
import { MqttSources } from '../../src/index.js';
import { type Mosquitto, startMosquitto } from '../support/brokers/mosquitto.js';
import { connectPeer } from '../support/clients/mqtt-peer.js';
import { connectRaw, type RawMqtt } from '../support/clients/raw-mqtt.js';
import { LIMIT, SUITE_LIMIT } from '../support/limits.js';
import { until } from '../support/until.js';

/*
 * What mosquitto 2.0.11 does in its own way, seen at the wire by a client that is not ours. `docs/guarantees.md` tells of it, and the
 * simulated broker has it (test/simulation/broker-quirks.test.ts); a test that fails here says that the broker has changed.
 */

const STOCK_WINDOW = 20;
const COUNT = 60;

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

async function withMosquitto(run: (broker: Mosquitto) => Promise<void>): Promise<void> {
  await using broker = await startMosquitto({ persistence: true });
  await run(broker);
}

async function subscribe(client: RawMqtt): Promise<void> {
  client.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'quirk', qos: 2 }] });
  await client.await('suback');
}

async function publish(port: number, texts: readonly string[]): Promise<void> {
  await using peer = await connectPeer(port, { protocolVersion: 5 });
  await peer.publishAll('quirk', texts, { qos: 2 });
}

const idsOf = (seen: readonly Packet[], command: Packet['cmd']) =>
  seen.filter(({ cmd }) => cmd === command).map(({ messageId }) => messageId);

const textsOf = (seen: readonly Packet[]) => seen.flatMap((one) => (one.cmd === 'publish' ? [`${one.payload}`] : []));

describe('the quirks of mosquitto 2.0.11, at the wire', SUITE_LIMIT, () => {
  /** Takes messages up to PUBREL, never says PUBCOMP, and gives what comes after an orderly restart of the broker. */
  const afterRestart = async (receiveMaximum: number, taken: number) => {
    let again: readonly Packet[] = [];
    await withMosquitto(async (broker) => {
      const client = await connectRaw(broker.port, 'reader', receiveMaximum);
      await subscribe(client);
      await publish(broker.port, numbers(1, COUNT).map(String));
      await client.await('publish', taken);
      for (const id of idsOf(client.seen, 'publish')) {
        if (id !== undefined) client.send({ cmd: 'pubrec', messageId: id });
      }
      await client.await('pubrel', taken);
      assert.equal(idsOf(client.seen, 'publish').length, taken, 'it goes no further than that');
      await broker.restart();
      const back = await connectRaw(broker.port, 'reader', receiveMaximum);
      const unfinished = () => new Set([...idsOf(back.seen, 'pubrel'), ...idsOf(back.seen, 'publish')]).size;
      await until(() => unfinished() >= taken, { what: 'what is not finished, again' });
      assert.equal((await back.await('connack')).sessionPresent, true);
      again = back.seen;
    });
    return again;
  };

  it(
    'with its stock window of 20 it sends as many as our Receive Maximum, and after a restart those behind the first 20 again, whose PUBREC it had',
    LIMIT,
    async () => {
      const seen = await afterRestart(1000, COUNT);
      // The ids are in the order of the messages, from 1.
      assert.deepEqual(idsOf(seen, 'pubrel').slice(0, STOCK_WINDOW), numbers(1, STOCK_WINDOW));
      assert.deepEqual(idsOf(seen, 'publish'), numbers(STOCK_WINDOW + 1, COUNT));
      assert.deepEqual(textsOf(seen), numbers(STOCK_WINDOW + 1, COUNT).map(String));
      assert.ok(seen.every((packet) => packet.cmd !== 'publish' || packet.dup));
    },
  );

  it('after a restart a session has no place in its group until it subscribes again, which a source does', LIMIT, () =>
    withMosquitto(async (broker) => {
      const filter = '$share/group/quirk';
      const client = await connectRaw(broker.port, 'reader');
      client.send({
        cmd: 'subscribe',
        messageId: 1,
        subscriptions: [
          { topic: filter, qos: 2 },
          { topic: 'plain', qos: 2 },
        ],
      });
      await client.await('suback');
      const reconnects = { reconnectPeriod: 20, maxReconnectPeriod: 200 };
      const source = MqttSources.builder()
        .broker(broker.url)
        .clientId('member')
        .keepSession()
        .topic('$share/ours/quirk');
      const opened = await source
        .connectOptionsFn(() => reconnects)
        .build()
        .open();
      await broker.restart();
      const back = await connectRaw(broker.port, 'reader');
      assert.equal((await back.await('connack')).sessionPresent, true);
      await broker.waitForLog(/Received SUBSCRIBE from member/);
      await publish(broker.port, ['1']);
      const { value } = await opened[Symbol.asyncIterator]().next();
      assert.equal(`${Buffer.from(value.item)}`, '1');
      await using peer = await connectPeer(broker.port, { protocolVersion: 5 });
      await peer.publish('plain', 'last', { qos: 2 });
      await back.await('publish');
      assert.deepEqual(textsOf(back.seen), ['last']);
      await opened.close();
    }),
  );

  it('with a Receive Maximum of its stock window it sends none of them again', LIMIT, async () => {
    const seen = await afterRestart(STOCK_WINDOW, STOCK_WINDOW);
    assert.deepEqual(idsOf(seen, 'pubrel'), numbers(1, STOCK_WINDOW));
    assert.deepEqual(textsOf(seen), []);
  });

  /** Takes four messages up to PUBREL; gives what comes after one CONNECT was given up while the broker stood still. */
  const afterGivenUp = async (goOn: (client: RawMqtt, broker: Mosquitto) => Promise<void>) => {
    let again: readonly Packet[] = [];
    await withMosquitto(async (broker) => {
      const client = await connectRaw(broker.port, 'reader');
      await subscribe(client);
      await publish(broker.port, numbers(1, 4).map(String));
      await client.await('publish', 4);
      for (const messageId of numbers(1, 4)) client.send({ cmd: 'pubrec', messageId });
      await client.await('pubrel', 4);
      await goOn(client, broker);
      broker.suspend();
      client.destroy();
      await giveUpConnect(broker.port, 'reader');
      broker.resume();
      const back = await connectRaw(broker.port, 'reader');
      back.send({ cmd: 'pingreq' });
      await back.await('pingresp');
      again = back.seen;
    });
    return again;
  };

  it(
    'R2b: after a CONNECT that was given up, it sends again by PUBLISH with DUP 1 what it has a PUBREC of',
    LIMIT,
    async () => {
      const seen = await afterGivenUp(async () => {});
      const copies = seen.filter((packet) => packet.cmd === 'publish');
      assert.ok(copies.length > 0);
      assert.ok(copies.every((packet) => packet.cmd === 'publish' && packet.dup));
      const ids = [...idsOf(seen, 'pubrel'), ...idsOf(seen, 'publish')];
      assert.deepEqual(ids, numbers(1, 4), 'in their order, with their ids');
    },
  );

  it('R2b: but nothing whose PUBCOMP has a PINGRESP behind it: the fence', LIMIT, async () => {
    const seen = await afterGivenUp(async (client) => {
      for (const messageId of numbers(1, 4)) client.send({ cmd: 'pubcomp', messageId });
      client.send({ cmd: 'pingreq' });
      await client.await('pingresp');
    });
    assert.deepEqual([...idsOf(seen, 'pubrel'), ...idsOf(seen, 'publish')], []);
  });

  it('killed, it goes back to its last save: a message whose flow was complete comes again', LIMIT, () =>
    withMosquitto(async (broker) => {
      const reader = await connectRaw(broker.port, 'reader');
      await subscribe(reader);
      await publish(broker.port, ['one']);
      const { messageId = 0 } = await reader.await('publish');
      await broker.save();
      reader.send({ cmd: 'pubrec', messageId });
      await reader.await('pubrel');
      reader.send({ cmd: 'pubcomp', messageId });
      await broker.waitForLog(/Received PUBCOMP from reader/);
      await broker.kill();
      await broker.start();
      const back = await connectRaw(broker.port, 'reader');
      const copy = await back.await('publish');
      assert.deepEqual({ id: copy.messageId, text: `${copy.payload}` }, { id: messageId, text: 'one' });
      assert.equal((await back.await('connack')).sessionPresent, true);
    }),
  );

  it(
    'killed, it goes back to its last save: PUBREL for a message that it has passed on passes it on again',
    LIMIT,
    () =>
      withMosquitto(async (broker) => {
        const writer = await connectRaw(broker.port, 'writer');
        writer.send({
          cmd: 'publish',
          topic: 'quirk',
          payload: 'one',
          qos: 2,
          messageId: 7,
          dup: false,
          retain: false,
        });
        await writer.await('pubrec');
        await broker.save();
        assert.deepEqual(await passedOn(broker, writer), ['one']);
        await broker.kill();
        await broker.start();
        const back = await connectRaw(broker.port, 'writer');
        assert.equal((await back.await('connack')).sessionPresent, true);
        assert.deepEqual(await passedOn(broker, back), ['one']);
      }),
  );

  it('killed, it has lost a message that it had answered with PUBREC, and answers its PUBREL with success', LIMIT, () =>
    withMosquitto(async (broker) => {
      const writer = await connectRaw(broker.port, 'writer');
      await broker.save();
      writer.send({ cmd: 'publish', topic: 'quirk', payload: 'one', qos: 2, messageId: 7, dup: false, retain: false });
      await writer.await('pubrec');
      await broker.kill();
      await broker.start();
      const back = await connectRaw(broker.port, 'writer');
      assert.equal((await back.await('connack')).sessionPresent, true);
      assert.deepEqual(await passedOn(broker, back), []);
      assert.ok([undefined, 0].includes((await back.await('pubcomp')).reasonCode));
    }),
  );
});

/** Sends CONNECT, and closes the connection without waiting for an answer. */
async function giveUpConnect(port: number, clientId: string): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const properties = { sessionExpiryInterval: 1000, receiveMaximum: 1000 };
  const packet = {
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion: 5,
    clean: false,
    clientId,
    keepalive: 60,
  } as const;
  socket.end(generate({ ...packet, properties }, { protocolVersion: 5 }));
  await once(socket, 'finish');
  socket.destroy();
}

/** What subscribers get when the writer says PUBREL for id 7. */
async function passedOn(broker: Mosquitto, writer: RawMqtt): Promise<readonly string[]> {
  const witness = await connectRaw(broker.port, 'witness');
  witness.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: '#', qos: 0 }] });
  await witness.await('suback');
  writer.send({ cmd: 'pubrel', messageId: 7 });
  await writer.await('pubcomp');
  // What comes before this was sent before it.
  await publish(broker.port, ['last']);
  await until(() => textsOf(witness.seen).includes('last'), { what: 'the last message' });
  witness.destroy();
  return textsOf(witness.seen).filter((text) => text !== 'last');
}
