import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { OpenContext } from '../../src/connector/open-context.js';
import { Engine, MqttSources, type MqttTableOptions, Pipeline, Sinks, TestSources } from '../../src/index.js';
import { MetricsRegistry } from '../../src/metrics/index.js';
import { accept, type FakeClient, grant, startFakeBroker } from '../support/brokers/fake-broker.js';
import { type Mosquitto, startMosquitto } from '../support/brokers/mosquitto.js';
import { connectPeer, type MqttPeer } from '../support/clients/mqtt-peer.js';
import { freePort } from '../support/free-port.js';
import { SUITE_LIMIT } from '../support/limits.js';
import { startChaosProxy } from '../support/proxy/chaos-proxy.js';
import { Told } from '../support/told.js';
import { until } from '../support/until.js';

let broker: Mosquitto;
let peer: MqttPeer;
before(async () => {
  // as it is by default: the rows of a table may be more
  broker = await startMosquitto({ config: ['max_queued_messages 1000'] });
  peer = await connectPeer(broker.port);
});
after(async () => {
  await peer.close();
  await broker.stop();
});

const retained = (topic: string, payload: string) => peer.publish(topic, payload, { qos: 1, retain: true });

const contextOf = (signal = new AbortController().signal): OpenContext => ({
  job: 'job',
  guarantee: 'none',
  metrics: new MetricsRegistry(),
  signal,
});

const connectOptions = { reconnectPeriod: 20, maxReconnectPeriod: 200 };

/** Rows of text by the last level of their topic. */
const tableOf = (topic: string, more: Partial<MqttTableOptions<string>> = {}) =>
  MqttSources.table({
    broker: broker.url,
    topic,
    keyFn: (name) => name.slice(name.lastIndexOf('/') + 1),
    mapToRowFn: (_, message) => message.toString(),
    connectOptionsFn: () => connectOptions,
    ...more,
  });

/** As a broker sends it. */
const row = (topic: string, text: string) =>
  ({
    type: 'publish',
    topic,
    payload: new TextEncoder().encode(text),
    qos: 0,
    retain: true,
    dup: false,
    packetId: 0,
  }) as const;

const facts = (told: Told, name: string) =>
  told.events.filter((event) => event.name === name).map(({ data }) => Object(data));

describe('a table of retained messages on mosquitto', SUITE_LIMIT, () => {
  for (const protocolVersion of [5, 4, 3] as const) {
    it(`has all rows when it is open, follows what is published, and forgets what is deleted, on version ${protocolVersion}`, async (t) => {
      const base = `follow/${protocolVersion}`;
      await retained(`${base}/a`, '1');
      await retained(`${base}/b`, '2');
      const connectOptionsFn = () => ({ ...connectOptions, protocolVersion });
      const table = await tableOf(`${base}/+`, { connectOptionsFn }).open(contextOf());
      t.after(() => table.close());
      assert.deepEqual([table.get('a'), table.get('b'), table.get('c')], ['1', '2', undefined]);
      await retained(`${base}/c`, '3');
      await until(() => table.get('c') === '3');
      await retained(`${base}/a`, '');
      await until(() => table.get('a') === undefined);
      await retained(`${base}/b`, '4');
      await until(() => table.get('b') === '4');
    });
  }

  describe('of more messages than the broker would keep for a client', () => {
    const keys = Array.from({ length: 3_000 }, (_, index) => `${index}`);
    const row = 'x'.repeat(2_000);
    before(async () => {
      for (let from = 0; from < keys.length; from += 20) {
        await Promise.all(keys.slice(from, from + 20).map((key) => retained(`many/${key}`, row + key)));
      }
    });

    for (const [qualityOfService, protocolVersion] of [
      [0, 5],
      [1, 5],
      [2, 5],
      [1, 4],
    ] as const) {
      it(`has each of 3,000 rows when it is open, at QoS ${qualityOfService} of version ${protocolVersion}`, async (t) => {
        const connectOptionsFn = () => ({ ...connectOptions, protocolVersion });
        const table = await tableOf('many/+', { qualityOfService, connectOptionsFn }).open(contextOf());
        t.after(() => table.close());
        assert.deepEqual(
          keys.filter((key) => table.get(key) !== row + key),
          [],
        );
      });
    }
  });

  it('takes changes at the QoS asked for when all rows are there, and subscribes so anew on each connection', async (t) => {
    await retained('steps/a', '1');
    await using proxy = await startChaosProxy({ to: broker });
    using told = new Told('table-loaded');
    const table = await tableOf('steps/+', { broker: proxy.url, qualityOfService: 1 }).open(contextOf());
    t.after(() => table.close());
    assert.equal(proxy.count('client', 'subscribe'), 2);
    assert.equal(proxy.count('client', 'puback'), 0, 'retained messages come at QoS 0');
    await retained('steps/a', '2');
    await until(() => table.get('a') === '2');
    await until(() => proxy.count('client', 'puback') === 1);
    proxy.cutAll();
    await until(() => facts(told, 'table-loaded').length === 2);
    assert.equal(proxy.count('client', 'subscribe'), 4);
    await retained('steps/a', '3');
    await until(() => table.get('a') === '3');
    await until(() => proxy.count('client', 'puback') === 2);
  });

  it('leaves out what is not retained where the broker says so, for the next subscription would not bring it', async () => {
    const table = await tableOf('flag/+').open(contextOf());
    await peer.publish('flag/a', 'passing', { qos: 1 });
    await retained('flag/b', 'kept');
    await until(() => table.get('b') === 'kept');
    assert.equal(table.get('a'), undefined);
    await table.close();
  });

  for (const protocolVersion of [5, 4] as const) {
    it(`has no row any more that was deleted while it was away, and those that came, on version ${protocolVersion}`, async (t) => {
      const base = `away/${protocolVersion}`;
      await using proxy = await startChaosProxy({ to: broker });
      await retained(`${base}/stays`, '1');
      await retained(`${base}/goes`, '2');
      await retained(`${base}/changes`, '3');
      using told = new Told('table-loaded');
      const connectOptionsFn = () => ({ ...connectOptions, protocolVersion });
      const table = await tableOf(`${base}/+`, { broker: proxy.url, connectOptionsFn }).open(contextOf());
      t.after(() => table.close());
      proxy.refuse();
      proxy.cutAll();
      await retained(`${base}/goes`, '');
      await retained(`${base}/changes`, '4');
      await retained(`${base}/comes`, '5');
      assert.equal(table.get('goes'), '2', 'while it is away the rows stay');
      proxy.refuse(false);
      await until(() => facts(told, 'table-loaded').length === 2);
      assert.deepEqual(
        ['stays', 'goes', 'changes', 'comes'].map((key) => table.get(key)),
        ['1', undefined, '4', '5'],
      );
    });
  }

  it('has no row of a message that gives none, also in place of an earlier one, and tells which', async () => {
    using told = new Told('table-row-rejected');
    await retained('json/a', '{"site":"north"}');
    await retained('json/b', 'nonsense');
    await retained('json/c', 'null');
    const metrics = new MetricsRegistry();
    const table = await MqttSources.table({
      broker: broker.url,
      topic: 'json/+',
      mapToRowFn: (_, message) => message.json() ?? undefined,
    }).open({ ...contextOf(), metrics });
    assert.deepEqual(
      [table.get('json/a'), table.get('json/b'), table.get('json/c')],
      [{ site: 'north' }, undefined, undefined],
    );
    assert.deepEqual(
      facts(told, 'table-row-rejected').map(({ job, table: name, topic, error }) => [job, name, topic, error.code]),
      [['job', 'json/+', 'json/b', 'USER_FUNCTION_FAILED']],
    );
    await retained('json/a', '{');
    await until(() => table.get('json/a') === undefined);
    await table.close();
  });

  it('leaves out what is beyond its bound, says so once, and has room again for what is deleted', async () => {
    using told = new Told('table-full');
    for (const key of ['a', 'b', 'c', 'd']) await retained(`bound/${key}`, key);
    const table = await tableOf('bound/+', { maxRows: 2 }).open(contextOf());
    const keys = ['a', 'b', 'c', 'd'];
    const held = keys.filter((key) => table.get(key) !== undefined);
    assert.equal(held.length, 2);
    assert.deepEqual(
      facts(told, 'table-full').map(({ rows, maxRows }) => [rows, maxRows]),
      [[2, 2]],
    );
    await retained(`bound/${held[0]}`, '');
    await retained('bound/e', 'e');
    await until(() => table.get('e') === 'e');
    await table.close();
  });

  it('is a part of a job: ready before an input is polled, closed behind it, with a row for each item', async () => {
    await retained('devices/boiler/site', 'north');
    const devices = MqttSources.table({
      broker: broker.url,
      topic: 'devices/+/site',
      keyFn: (topic) => topic.split('/')[1],
      mapToRowFn: (_, message) => message.toString(),
    });
    const found: string[] = [];
    const pipeline = Pipeline.create();
    pipeline
      .readFrom(TestSources.items('boiler', 'oven'))
      .lookup(
        devices,
        (device) => device,
        (device, site) => `${device} ${site?.toUpperCase() ?? 'nowhere'}`,
      )
      .writeTo(Sinks.list(found));
    const job = Engine.embedded().newJob(pipeline);
    await job.join();
    assert.deepEqual(found, ['boiler NORTH', 'oven nowhere']);
    assert.ok(
      job
        .metrics()
        .samples.some(
          ({ name, labels, value }) =>
            name === 'millrace_table_rows' && labels.table === 'devices/+/site' && value === 1,
        ),
    );
  });
});

describe('a table that several stages look up', SUITE_LIMIT, () => {
  it('has one connection and one set of rows in each run', async () => {
    await retained('shared/boiler', 'north');
    await retained('shared/north', 'Ada');
    using told = new Told('table-loaded');
    await using proxy = await startChaosProxy({ to: broker });
    const table = tableOf('shared/+', { broker: proxy.url });
    const found: string[] = [];
    const pipeline = Pipeline.create();
    pipeline
      .readFrom(TestSources.items('boiler'))
      .lookup(
        table,
        (device) => device,
        (_, site) => site ?? '',
      )
      .lookup(
        table,
        (site) => site,
        (site, keeper) => `${site}: ${keeper}`,
      )
      .writeTo(Sinks.list(found));
    const job = Engine.embedded().newJob(pipeline, { name: 'shared' });
    await job.join();
    assert.deepEqual(found, ['north: Ada']);
    assert.deepEqual(
      facts(told, 'table-loaded').map(({ job: of, rows }) => [of, rows]),
      [['shared', 2]],
    );
    assert.equal(proxy.count('client', 'subscribe'), 1);
    await until(() => proxy.active === 0);
  });
});

describe('a table whose broker is away, or refuses it', SUITE_LIMIT, () => {
  it('is what its job waits for, by name and with the reason, until the broker comes', async () => {
    using told = new Told('table-waiting', 'table-loaded');
    await using late = await startMosquitto({ persistence: true });
    const publisher = await connectPeer(late.port);
    await publisher.publish('sites/boiler', 'north', { qos: 1, retain: true });
    await publisher.close();
    await late.stop();
    const site = tableOf('sites/+', { broker: late.url });
    const found: string[] = [];
    const pipeline = Pipeline.create();
    pipeline
      .readFrom(TestSources.items('boiler'))
      .lookup(
        site,
        (device) => device,
        (device, row) => `${device} ${row}`,
      )
      .writeTo(Sinks.list(found));
    const job = Engine.embedded().newJob(pipeline, { name: 'late' });
    await until(() => facts(told, 'table-waiting').length >= 2);
    assert.equal(job.status, 'STARTING');
    await late.start();
    await job.join();
    const waits = facts(told, 'table-waiting');
    for (const [index, { job: of, table, attempts, error }] of waits.entries()) {
      assert.deepEqual([of, table, attempts, error.code], ['late', 'sites/+', 2 ** index, 'CONNECT_FAILED']);
    }
    assert.deepEqual(told.names.slice(waits.length), ['table-loaded'], 'behind it nothing is waited for');
    assert.deepEqual(found, ['boiler north']);
  });

  for (const [what, script] of [
    ['SUBSCRIBE', { subscribe: () => {} }],
    ['what asks whether all is there', { unsubscribe: () => {} }],
  ] as const) {
    it(`fails by name where the broker does not answer ${what} in time, and its stage tries again`, async () => {
      using told = new Told('retrying', 'table-loaded', 'retry-over');
      await using silent = await startFakeBroker(script);
      const table = tableOf('silent/+', { broker: silent.url, connectOptionsFn: () => ({ ackTimeout: 50 }) });
      await assert.rejects(table.open(contextOf()), {
        code: 'TIMEOUT',
        message: 'the broker has not answered within 50 ms for the table of "silent/+"',
      });
      await until(() => silent.clients[0]?.ended === true);
      const pipeline = Pipeline.create();
      const lookedUp = pipeline.readFrom(TestSources.items('a')).lookup(
        table,
        (key) => key,
        () => 1,
      );
      lookedUp.setName('enriched').writeTo(Sinks.noop());
      const job = Engine.embedded().newJob(pipeline, { name: 'silent' });
      await until(() => told.names.includes('retrying'));
      const { part, error } = facts(told, 'retrying')[0];
      assert.deepEqual([part, error.code], ['stage "enriched"', 'TIMEOUT']);
      silent.script = {};
      await job.join();
      assert.deepEqual(told.names.slice(-2), ['table-loaded', 'retry-over']);
    });
  }

  it('keeps its rows when the broker does not answer later on, and says so', async () => {
    using told = new Told('table-failed', 'table-loaded', 'table-waiting');
    await using moody = await startFakeBroker({
      subscribe: (client, packet) => {
        grant(client, packet);
        client.send(row('moody/a', '1'));
      },
    });
    const connectOptionsFn = () => ({ ...connectOptions, ackTimeout: 1_000 });
    const table = await tableOf('moody/+', { broker: moody.url, connectOptionsFn }).open(contextOf());
    moody.script = { subscribe: () => {} };
    (await moody.client(0)).fin();
    await until(() => told.names.includes('table-failed'));
    assert.equal(facts(told, 'table-failed')[0]?.error.code, 'TIMEOUT');
    assert.equal(table.get('a'), '1');
    moody.script = {};
    await until(() => facts(told, 'table-loaded').length === 2);
    assert.ok(!told.names.includes('table-waiting'), 'there are rows');
    await table.close();
  });

  it('opens when the broker comes, and ends its opening with the signal', async () => {
    const port = await freePort();
    const opening = tableOf('late/+', { broker: `mqtt://127.0.0.1:${port}` }).open(contextOf());
    const given = new AbortController();
    const ended = tableOf('late/+', { broker: `mqtt://127.0.0.1:${port}` }).open(contextOf(given.signal));
    given.abort();
    await assert.rejects(ended, { code: 'ABORTED' });
    await using late = await startMosquitto({ port });
    const table = await opening;
    assert.equal(table.get('a'), undefined);
    await table.close();
    await late.stop();
  });

  it('keeps no process alive by an answer that it was waiting for when it was given up', async () => {
    await using silent = await startFakeBroker({ subscribe: () => {} });
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = timers();
    const given = new AbortController();
    const connectOptionsFn = () => ({ ackTimeout: 600_000 });
    const opening = tableOf('silent/+', { broker: silent.url, connectOptionsFn }).open(contextOf(given.signal));
    await until(() => silent.clients[0]?.packets.some(({ type }) => type === 'subscribe') === true);
    given.abort();
    await assert.rejects(opening, { code: 'ABORTED' });
    await until(() => timers() <= before);
  });

  it('is refused by name with a filter that it may not read', async () => {
    await using strict = await startFakeBroker({
      subscribe: (client, { packetId }) => client.send({ type: 'suback', packetId, reasonCodes: [0x87] }),
    });
    await assert.rejects(tableOf('secret/+', { broker: strict.url }).open(contextOf()), {
      code: 'SUBSCRIPTION_REFUSED',
      message: 'the broker refused to subscribe to "secret/+" (0x87)',
    });
  });

  it('is refused by name at a broker that keeps no retained messages, where it would be empty for ever', async () => {
    await using none = await startMosquitto({ config: ['retain_available false'] });
    await assert.rejects(tableOf('none/+', { broker: none.url }).open(contextOf()), {
      code: 'UNSUPPORTED',
      message: 'the broker keeps no retained messages, which the table of "none/+" is made of',
    });
    await none.stop();
  });

  it('is refused by name at a broker without wildcards, and not with a filter that has none', async () => {
    const properties = { wildcardSubscriptionAvailable: false };
    await using plain = await startFakeBroker({
      connect: (client) => client.send({ type: 'connack', sessionPresent: false, reasonCode: 0, properties }),
    });
    await assert.rejects(tableOf('plain/+', { broker: plain.url }).open(contextOf()), {
      code: 'SUBSCRIPTION_REFUSED',
      message: 'the broker does not do wildcard subscriptions, which filter "plain/+" needs',
    });
    await (await tableOf('plain/a', { broker: plain.url }).open(contextOf())).close();
  });

  it('keeps its rows at a broker that keeps no retained messages any more, and tells it', async () => {
    using told = new Told('table-failed');
    let keeps = true;
    await using moody = await startFakeBroker({
      connect: (client) => {
        const properties = keeps ? {} : { retainAvailable: false };
        client.send({ type: 'connack', sessionPresent: false, reasonCode: 0, properties });
      },
      subscribe: (client, packet) => {
        grant(client, packet);
        client.send(row('kept/a', '1'));
      },
    });
    const table = await tableOf('kept/+', { broker: moody.url }).open(contextOf());
    keeps = false;
    (await moody.client(0)).fin();
    await until(() => told.names.includes('table-failed'));
    assert.equal(table.get('a'), '1');
    assert.equal(facts(told, 'table-failed')[0]?.error.code, 'UNSUPPORTED');
    await table.close();
  });

  it('keeps its rows when it is refused later on, says so, and goes on when it is taken again', async () => {
    using told = new Told('table-failed', 'table-loaded');
    let subscribed = 0;
    await using moody = await startFakeBroker({
      subscribe: (client, packet) => {
        subscribed += 1;
        if (subscribed === 2) client.send({ type: 'suback', packetId: packet.packetId, reasonCodes: [0x87] });
        else grant(client, packet);
        client.send(row('moody/a', `${subscribed}`));
      },
    });
    const table = await tableOf('moody/+', { broker: moody.url }).open(contextOf());
    assert.equal(table.get('a'), '1');
    (await moody.client(0)).fin();
    await until(() => told.names.includes('table-failed'));
    assert.notEqual(table.get('a'), undefined);
    assert.equal(facts(told, 'table-failed')[0]?.error.code, 'SUBSCRIPTION_REFUSED');
    await until(() => facts(told, 'table-loaded').length === 2);
    assert.equal(table.get('a'), '3');
    await table.close();
  });

  it('waits for rows that the broker sends behind its answers', async () => {
    const clients: FakeClient[] = [];
    await using slow = await startFakeBroker({
      connect: accept,
      subscribe: (client, packet) => {
        clients.push(client);
        grant(client, packet);
      },
    });
    const opening = tableOf('slow/+', { broker: slow.url, qualityOfService: 0 }).open(contextOf());
    await until(() => clients[0]?.packets.some(({ type }) => type === 'unsubscribe') === true);
    assert.ok(clients[0] !== undefined);
    clients[0].send(row('slow/a', '1'));
    const table = await opening;
    assert.equal(table.get('a'), '1');
    await table.close();
  });

  it('says once that messages of a row come without the flag, where it is not followed (Artemis passes none on)', async () => {
    using told = new Told('table-row-unretained');
    await using plain = await startFakeBroker({
      subscribe: (client, packet) => {
        grant(client, packet);
        client.send(row('flags/a', '1'));
      },
    });
    const table = await tableOf('flags/+', { broker: plain.url }).open(contextOf());
    const client = await plain.client(0);
    for (const topic of ['flags/none', 'flags/a', 'flags/a']) client.send({ ...row(topic, '2'), retain: false });
    client.send(row('flags/b', '3'));
    await until(() => table.get('b') === '3');
    assert.equal(table.get('a'), '1');
    assert.deepEqual(
      told.events.map(({ data }) => data),
      [{ job: 'job', table: 'flags/+', rows: 1, topic: 'flags/a' }],
    );
    await table.close();
  });

  it('waits the longer for a heap of rows behind the first, the slower the broker answers in between (HiveMQ)', async () => {
    const ANSWER_MS = 250;
    // longer than a broker that answers at once is waited for, shorter than four times its longest silence
    const HEAP_MS = 1550;
    await using slow = await startFakeBroker({
      subscribe: (client, packet) => {
        grant(client, packet);
        client.send(row('heaps/a', '1'));
        setTimeout(() => client.send(row('heaps/b', '2')), HEAP_MS);
      },
      unsubscribe: (client, { packetId }) => {
        setTimeout(() => client.send({ type: 'unsuback', packetId, reasonCodes: [0x11] }), ANSWER_MS);
      },
    });
    const table = await tableOf('heaps/+', { broker: slow.url }).open(contextOf());
    assert.deepEqual([table.get('a'), table.get('b')], ['1', '2']);
    await table.close();
  });
});

it('what is no table of retained messages is refused where it is written', () => {
  const refused = (given: unknown, message: RegExp) =>
    assert.throws(() => MqttSources.table(given as never), { code: 'INVALID_OPTIONS', message });
  refused({}, /there is nothing to read: give topic/);
  refused({ topic: 'a/#/b' }, /the filter "a\/#\/b" is not valid/);
  refused({ topic: '$share/g/a' }, /a shared filter brings no retained messages/);
  refused(
    { topic: 'a', maxRows: 0, keyFn: 3 },
    /maxRows must be .*keyFn must be a function|keyFn must be .*maxRows must be/s,
  );
  refused('mqtt://localhost', /mqtt:\/\/localhost|broker/);
  assert.equal(MqttSources.table('a/+').name, 'a/+');
});
