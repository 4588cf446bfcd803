import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  accept,
  acceptResumed,
  type FakeBroker,
  type FakeClient,
  startFakeBroker,
} from '../support/brokers/fake-broker.js';
import { LIMIT } from '../support/limits.js';
import { type ConnectionRig, connectionRig, wanted } from '../support/rigs/connection-rig.js';
import { until } from '../support/until.js';

const types = (client: FakeClient | undefined): readonly string[] => client?.packets.map(({ type }) => type) ?? [];

/** A broker that keeps one session, and is away while `down`. */
interface Server {
  readonly broker: FakeBroker;
  down: boolean;
}

async function startServer(down: boolean): Promise<Server> {
  let session = false;
  const server: Server = {
    down,
    broker: await startFakeBroker({
      accepted: (client) => {
        if (server.down) client.reset();
      },
      connect: (client, { clean }) => {
        if (session && !clean) acceptResumed(client);
        else accept(client);
        session = !clean;
      },
    }),
  };
  return server;
}

/** Lets the connection go from one server to the other. */
async function move(rig: ConnectionRig, from: Server, to: Server): Promise<void> {
  const before = rig.granted.length;
  from.down = true;
  to.down = false;
  for (const client of from.broker.clients) client.reset();
  await until(() => rig.granted.length === before + 1);
}

function serversOf(...servers: readonly Server[]) {
  return { servers: servers.map(({ broker }) => ({ host: '127.0.0.1', port: broker.port })) };
}

/** The last connection that got as far as CONNECT. */
const last = ({ broker }: Server): FakeClient | undefined =>
  broker.clients.filter(({ connect }) => connect !== undefined).at(-1);

const publish = (client: FakeClient | undefined, packetId: number, dup = false): void =>
  client?.send({
    type: 'publish',
    topic: 't',
    payload: new TextEncoder().encode(`${packetId}`),
    qos: 2,
    retain: false,
    dup,
    packetId,
  });

describe('connection: failover between brokers that share no sessions (R5b)', () => {
  it(
    'a source forgets the ids of the other server, also when it comes back to a session of its own',
    LIMIT,
    async () => {
      const [a, b] = [await startServer(false), await startServer(true)];
      const input = { startClean: false, keepSession: true, subscriptions: [wanted('t', { qos: 2 })] };
      const rig = connectionRig(a.broker.url, serversOf(a, b), input);
      await rig.open();
      for (const { broker } of [a, b]) broker.script = { ...broker.script, pubrec: () => {} };
      await move(rig, a, b);
      publish(last(b), 1);
      await until(() => types(last(b)).includes('pubrec'));
      await move(rig, b, a);
      publish(last(a), 1, true);
      await until(() => rig.messages.length === 2, { what: 'the message of the first server' });
      assert.equal(rig.losses.length, 2);
      assert.equal(rig.connected.at(-1)?.sessionPresent, true);
      assert.deepEqual(types(last(a)).slice(0, 2), ['connect', 'subscribe']);
      await rig.connection.close();
    },
  );

  it('a sink begins clean at each of them and sends again what was in doubt, with DUP 0', LIMIT, async () => {
    const [a, b] = [await startServer(false), await startServer(true)];
    const rig = connectionRig(a.broker.url, serversOf(a, b));
    await rig.open();
    for (const { broker } of [a, b]) broker.script = { ...broker.script, publish: () => {} };
    rig.publish(0, 't', { qos: 2 });
    await move(rig, a, b);
    assert.equal((await b.broker.packet(await b.broker.client(b.broker.clients.length - 1), 'publish')).dup, false);
    const { publish: _, ...answering } = a.broker.script;
    a.broker.script = answering;
    await move(rig, b, a);
    await until(() => rig.delivered.length === 1);
    assert.deepEqual([a.broker.discards.length, b.broker.discards.length], [2, 1]);
    assert.deepEqual(types(last(a)), ['connect', 'publish', 'pubrel']);
    await rig.connection.close();
  });

  it('a sink resumes at its server when it found no other one in between', LIMIT, async () => {
    const [a, b] = [await startServer(false), await startServer(true)];
    const rig = connectionRig(a.broker.url, serversOf(a, b));
    await rig.open();
    const refused = b.broker.clients.length;
    a.down = true;
    last(a)?.reset();
    await until(() => b.broker.clients.length > refused);
    a.down = false;
    await until(() => rig.granted.length === 2);
    assert.equal(rig.connected.at(-1)?.sessionPresent, true);
    assert.equal(a.broker.discards.length, 1);
    assert.deepEqual(rig.losses, []);
    await rig.connection.close();
  });

  it('the session goes on at any server of a cluster that is declared to share them', LIMIT, async () => {
    const [a, b] = [await startServer(false), await startServer(true)];
    const rig = connectionRig(a.broker.url, { ...serversOf(a, b), serversShareSessions: true });
    b.broker.script = { ...b.broker.script, connect: acceptResumed };
    await rig.open();
    a.broker.script = { ...a.broker.script, publish: () => {} };
    rig.publish(0, 't');
    await a.broker.packet(await a.broker.client(0), 'publish');
    await move(rig, a, b);
    await until(() => rig.delivered.length === 1);
    assert.equal(b.broker.discards.length, 0);
    assert.equal((await b.broker.packet(last(b) ?? assert.fail('no connection'), 'publish')).dup, true);
    assert.deepEqual(rig.losses, []);
    await rig.connection.close();
  });
});
