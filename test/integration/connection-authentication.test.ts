import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MillraceError } from '../../src/errors/millrace-error.js';
import type { Authentication, AuthenticationContext } from '../../src/mqtt/connection/authentication/authentication.js';
import { ScramExchange } from '../../src/mqtt/connection/authentication/scram-sha-256.js';
import type { Packet } from '../../src/mqtt/protocol/packet.js';
import { type FakeClient, type FakeScript, startFakeBroker } from '../support/brokers/fake-broker.js';
import { LIMIT } from '../support/limits.js';
import { connectionRig, wanted } from '../support/rigs/connection-rig.js';
import { Told } from '../support/told.js';
import { until } from '../support/until.js';

const METHOD = 'STEPS';
const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text));
const textOf = (packet: Packet): string =>
  Buffer.from(('properties' in packet && packet.properties?.authenticationData) || '').toString();

const properties = (data: string, authenticationMethod = METHOD) => ({
  authenticationMethod,
  authenticationData: bytes(data),
});

function authenticate(client: FakeClient, data: string, method?: string): void {
  client.send({ type: 'auth', reasonCode: 0x18, properties: properties(data, method) });
}

function admit(client: FakeClient, data: string, method?: string): void {
  client.send({ type: 'connack', sessionPresent: false, reasonCode: 0, properties: properties(data, method) });
}

/** Asks twice and admits; asks once when it is to be done anew. */
const STEPS: FakeScript = {
  connect: (client) => authenticate(client, 'q1'),
  auth: (client, packet) => {
    const said = textOf(packet);
    if (packet.reasonCode === 0x19) authenticate(client, 'again?');
    else if (said === 'a:q1') authenticate(client, 'q2');
    else if (said === 'a:q2') admit(client, 'welcome');
    else client.send({ type: 'auth', reasonCode: 0, properties: properties('fine') });
  },
};

interface Exchanges {
  readonly authentication: Authentication;
  readonly contexts: readonly AuthenticationContext[];
  /** What each exchange was asked and told, in order. */
  readonly talks: readonly (readonly string[])[];
}

/** Answers `a:` and the question. Each exchange keeps its own talk. */
function steps(changes: Partial<Authentication> = {}): Exchanges {
  const contexts: AuthenticationContext[] = [];
  const talks: string[][] = [];
  const authentication: Authentication = {
    method: METHOD,
    start: (context) => {
      const talk: string[] = [];
      contexts.push(context);
      talks.push(talk);
      return {
        data: bytes(`hello ${contexts.length}`),
        continue: async (data) => {
          talk.push(Buffer.from(data).toString());
          return bytes(`a:${Buffer.from(data)}`);
        },
        finish: (data) => void talk.push(`finish ${Buffer.from(data)}`),
      };
    },
    ...changes,
  };
  return { authentication, contexts, talks };
}

describe('connection: enhanced authentication', () => {
  it('RFC 7677: the example exchange of SCRAM-SHA-256, byte for byte', LIMIT, async () => {
    const server = 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096';
    const proof = 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=';
    const method = 'SCRAM-SHA-256';
    await using broker = await startFakeBroker({
      connect: (client) => authenticate(client, server, method),
      auth: (client) => admit(client, proof, method),
    });
    const start = () => new ScramExchange({ username: 'user', password: 'pencil' }, 'rOprNGfwEbeRWgbNEkqO');
    const rig = connectionRig(broker.url, { authentication: { method, start } }, { startClean: false });
    await rig.open();
    const [client] = broker.clients;
    assert.deepEqual(
      client?.packets.map((packet) => [packet.type, textOf(packet)]),
      [
        ['connect', 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO'],
        [
          'auth',
          'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
        ],
      ],
    );
    await rig.connection.close();
  });

  it('sends nothing to a broker that cannot prove who it is, and says so', LIMIT, async () => {
    const server = 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096';
    const method = 'SCRAM-SHA-256';
    for (const lie of ['v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=', 'e=other-error', '']) {
      await using broker = await startFakeBroker({
        connect: (client) => authenticate(client, server, method),
        auth: (client) => admit(client, lie, method),
      });
      const start = () => new ScramExchange({ username: 'user', password: 'pencil' }, 'rOprNGfwEbeRWgbNEkqO');
      const rig = connectionRig(
        broker.url,
        { authentication: { method, start } },
        { startClean: false, subscriptions: [wanted('t')] },
      );
      await assert.rejects(rig.open(), { code: 'BAD_CREDENTIALS' });
      const [client] = broker.clients;
      await until(() => client?.ended);
      assert.deepEqual(
        client?.packets.map(({ type }) => type),
        ['connect', 'auth', 'disconnect'],
      );
      assert.deepEqual(client?.packets.at(-1), { type: 'disconnect', reasonCode: 0x80 });
      assert.deepEqual([rig.connected.length, broker.clients.length], [0, 1]);
    }
  });

  it(
    'goes through all steps on each connection, each with a state of its own, the discarding one too',
    LIMIT,
    async () => {
      await using broker = await startFakeBroker(STEPS);
      const { authentication, contexts, talks } = steps();
      const rig = connectionRig(broker.url, { authentication }, { subscriptions: [wanted('t')] });
      await rig.open();
      assert.equal(broker.discards.length, 1);
      (await broker.client(0)).reset();
      await until(() => rig.granted.length === 2);
      assert.deepEqual(talks, Array(3).fill(['q1', 'q2', 'finish welcome']));
      assert.deepEqual(
        contexts.map(({ clientId, server, reauthentication }) => [clientId, server, reauthentication]),
        Array(3).fill(['rig', broker.url, false]),
      );
      assert.deepEqual(
        [...broker.discards, ...broker.clients].map(({ packets }) => packets[0] && textOf(packets[0])),
        ['hello 1', 'hello 2', 'hello 3'],
      );
      await rig.connection.close();
      assert.ok(contexts.every(({ signal }) => signal.aborted));
    },
  );

  it('a control connection authenticates for itself, under its own client id', LIMIT, async () => {
    await using broker = await startFakeBroker(STEPS);
    const { authentication, contexts, talks } = steps();
    const rig = connectionRig(broker.url, { authentication }, { startClean: false });
    await rig.open();
    const told: string[] = [];
    const control = rig.connection.control({ onAccepted: () => told.push('accepted'), onEnd: () => told.push('end') });
    control.start(rig.connection.place);
    await until(() => told.length > 0);
    assert.deepEqual(told, ['accepted']);
    assert.match(contexts[1]?.clientId ?? '', /^control-/);
    assert.deepEqual(talks[1], ['q1', 'q2', 'finish welcome']);
    control.stop();
    assert.equal(contexts[1]?.signal.aborted, true);
    await rig.connection.close();
  });

  it('authenticates anew by the provider’s call while messages flow, once at a time', LIMIT, async () => {
    await using broker = await startFakeBroker(STEPS);
    using told = new Told('reauthenticated');
    const { authentication, contexts, talks } = steps();
    const rig = connectionRig(broker.url, { authentication }, { startClean: false });
    await rig.open();
    const client = await broker.client(0);
    const held: (() => void)[] = [];
    broker.script = {
      ...STEPS,
      auth: (to, packet) =>
        packet.reasonCode === 0x19 ? held.push(() => authenticate(to, 'again?')) : STEPS.auth?.(to, packet),
    };
    contexts[0]?.reauthenticate();
    contexts[0]?.reauthenticate();
    await until(() => held.length === 1);
    rig.publish(0, 't');
    client.send({ type: 'publish', topic: 't', payload: bytes('m'), qos: 0, retain: false, dup: false, packetId: 0 });
    await until(() => rig.delivered.length === 1 && rig.messages.length === 1);
    held[0]?.();
    await until(() => told.events.length === 1);
    assert.deepEqual(talks, [
      ['q1', 'q2', 'finish welcome'],
      ['again?', 'finish fine'],
    ]);
    assert.deepEqual([contexts[1]?.reauthentication, contexts.length], [true, 2]);
    assert.deepEqual(told.events[0]?.data, { name: 'rig', server: broker.url, method: METHOD });
    await rig.connection.close();
    contexts[1]?.reauthenticate();
    assert.equal(contexts.length, 2);
  });

  it('authenticates anew by itself when it is asked to', LIMIT, async () => {
    await using broker = await startFakeBroker(STEPS);
    using told = new Told('reauthenticated');
    const { authentication } = steps({ reauthenticateEvery: 1000 });
    const rig = connectionRig(broker.url, { authentication }, { startClean: false });
    await rig.open();
    await until(() => told.events.length === 2);
    assert.equal(broker.clients.length, 1);
    await rig.connection.close();
  });

  it('a broker that refuses to go on is told, and tried again with a new exchange [MQTT-4.12.1-2]', LIMIT, async () => {
    await using broker = await startFakeBroker(STEPS);
    const { authentication, contexts } = steps();
    const rig = connectionRig(broker.url, { authentication }, { startClean: false });
    await rig.open();
    broker.script = {
      ...STEPS,
      auth: (client, packet) => {
        if (packet.reasonCode !== 0x19) return STEPS.auth?.(client, packet);
        client.send({ type: 'disconnect', reasonCode: 0x87 });
        return client.fin();
      },
    };
    contexts[0]?.reauthenticate();
    await until(() => rig.granted.length === 2);
    assert.deepEqual([rig.disconnects[0]?.code, rig.disconnects[0]?.reasonCode], ['DISCONNECTED_BY_BROKER', 0x87]);
    assert.deepEqual(
      contexts.map(({ reauthentication }) => reauthentication),
      [false, true, false],
    );
    await rig.connection.close();
  });

  it(
    'a refusal names its reason: a method that the broker does not speak, a client that it does not let in',
    LIMIT,
    async () => {
      for (const [reasonCode, code] of [
        [0x8c, 'CONNECTION_REFUSED_BY_BROKER'],
        [0x87, 'NOT_AUTHORIZED'],
      ] as const) {
        const refuse = (client: FakeClient): void => {
          client.send({ type: 'connack', sessionPresent: false, reasonCode });
          client.fin();
        };
        await using broker = await startFakeBroker(
          reasonCode === 0x8c ? { connect: refuse } : { ...STEPS, auth: refuse },
        );
        const rig = connectionRig(broker.url, { authentication: steps().authentication }, { startClean: false });
        await assert.rejects(rig.open(), { code, reasonCode });
        assert.equal(broker.clients.length, 1);
      }
    },
  );

  const secret = 'hunter2';
  const failing: Readonly<Record<string, Partial<Authentication>>> = {
    'in start': {
      start: async () => {
        throw new Error(secret);
      },
    },
    'in continue': {
      start: () => ({
        continue: () => {
          throw new Error(secret);
        },
      }),
    },
    'in finish': {
      start: () => ({ continue: (data) => bytes(`a:${Buffer.from(data)}`), finish: () => Promise.reject(secret) }),
    },
  };
  for (const [where, changes] of Object.entries(failing)) {
    it(`a provider that throws ${where} is tried again, and what it threw is not repeated`, LIMIT, async () => {
      await using broker = await startFakeBroker(STEPS);
      using told = new Told('disconnect');
      const rig = connectionRig(broker.url, { authentication: steps(changes).authentication }, { startClean: false });
      const opening = rig.open();
      await until(() => rig.disconnects.length >= 2);
      assert.ok(rig.disconnects.every(({ code }) => code === 'USER_FUNCTION_FAILED'));
      assert.doesNotMatch(JSON.stringify([rig.disconnects, told.events, rig.disconnects.map(String)]), /hunter2/);
      await rig.connection.close();
      await assert.rejects(opening, { code: 'ABORTED' });
    });
  }

  it('a MillraceError of the provider is its own choice of words and of what follows', LIMIT, async () => {
    await using broker = await startFakeBroker(STEPS);
    const error = new MillraceError('NOT_AUTHORIZED', 'no token for this plant');
    const rig = connectionRig(broker.url, { authentication: { method: METHOD, start: () => Promise.reject(error) } });
    await assert.rejects(rig.open(), { code: 'NOT_AUTHORIZED', message: /no token for this plant/ });
  });

  it('a provider that gives what cannot be sent is named, and not tried again', LIMIT, async () => {
    await using broker = await startFakeBroker(STEPS);
    for (const exchange of [undefined, {}, { continue: () => undefined, data: 'text' }, { continue: () => 'text' }]) {
      const start = (): never => exchange as never;
      const rig = connectionRig(broker.url, { authentication: { method: METHOD, start } }, { startClean: false });
      await assert.rejects(rig.open(), { code: 'USER_FUNCTION_FAILED' });
    }
  });

  it('a provider that never answers ends the attempt in time, and its signal says so', LIMIT, async () => {
    await using broker = await startFakeBroker(STEPS);
    for (const where of ['start', 'continue', 'finish'] as const) {
      const contexts: AuthenticationContext[] = [];
      const never = new Promise<never>(() => {});
      const start: Authentication['start'] = (context) => {
        contexts.push(context);
        if (where === 'start') return never;
        const answer = (data: Uint8Array): Uint8Array => bytes(`a:${Buffer.from(data)}`);
        return { continue: where === 'continue' ? () => never : answer, finish: () => never };
      };
      const rig = connectionRig(
        broker.url,
        { authentication: { method: METHOD, start }, connectTimeout: 300, connackTimeout: 300, autoReconnect: false },
        { startClean: false },
      );
      await assert.rejects(rig.open(), { code: 'TIMEOUT', message: /authentication/ });
      await rig.connection.close(0);
      assert.ok(contexts[0]?.signal.aborted, where);
    }
  });

  for (const where of ['start', 'continue', 'finish'] as const) {
    it(
      `a provider that never answers when it is to authenticate anew (${where}) ends the connection in time`,
      LIMIT,
      async () => {
        await using broker = await startFakeBroker(STEPS);
        const good = steps();
        const never = new Promise<never>(() => {});
        const start: Authentication['start'] = async (context) => {
          const exchange = await good.authentication.start(context);
          if (!context.reauthentication) return exchange;
          return where === 'start' ? never : { ...exchange, [where]: () => never };
        };
        const options = { authentication: { method: METHOD, start }, connectTimeout: 1000, connackTimeout: 1000 };
        const rig = connectionRig(broker.url, options, { startClean: false });
        await rig.open();
        good.contexts[0]?.reauthenticate();
        await until(() => rig.granted.length === 2);
        assert.deepEqual(
          [rig.disconnects[0]?.code, rig.disconnects[0]?.details.awaited],
          ['TIMEOUT', 'authentication'],
        );
        assert.ok(good.contexts[1]?.signal.aborted);
        await rig.connection.close();
      },
    );
  }

  it('closing amid an exchange ends it', LIMIT, async () => {
    await using broker = await startFakeBroker({ connect: (client) => authenticate(client, 'q1') });
    const { authentication, contexts } = steps();
    const rig = connectionRig(broker.url, { authentication }, { startClean: false });
    const opening = rig.open();
    await broker.packet(await broker.client(0), 'auth');
    await rig.connection.close();
    await assert.rejects(opening, { code: 'ABORTED' });
    assert.ok(contexts[0]?.signal.aborted);
  });

  it(
    'a re-authentication that the provider cannot go on with is told to the broker, and the session goes on elsewhere',
    LIMIT,
    async () => {
      await using broker = await startFakeBroker(STEPS);
      const good = steps();
      const start: Authentication['start'] = (context) => {
        if (context.reauthentication) throw new Error(secret);
        return good.authentication.start(context);
      };
      const rig = connectionRig(broker.url, { authentication: { method: METHOD, start } }, { startClean: false });
      await rig.open();
      good.contexts[0]?.reauthenticate();
      await until(() => rig.granted.length === 2);
      assert.deepEqual(broker.clients[0]?.packets.at(-1), { type: 'disconnect', reasonCode: 0x80 });
      assert.equal(rig.disconnects[0]?.code, 'USER_FUNCTION_FAILED');
      await rig.connection.close();
    },
  );

  it('below 5.0 there is none: refused as an option, and no older version is tried', LIMIT, async () => {
    const { authentication } = steps();
    for (const protocolVersion of [4, 3] as const) {
      assert.throws(
        () => connectionRig('mqtt://localhost', { authentication, protocolVersion }),
        /needs protocolVersion 5/,
      );
    }
    for (const wrong of [
      {},
      { method: 'X' },
      { method: '', start: authentication.start },
      { ...authentication, reauthenticateEvery: 5 },
    ]) {
      assert.throws(() => connectionRig('mqtt://localhost', { authentication: wrong as never }), /authentication/);
    }
    await using broker = await startFakeBroker({
      connect: (client) => {
        client.send({ type: 'connack', sessionPresent: false, reasonCode: 0x84 });
        client.fin();
      },
    });
    const rig = connectionRig(broker.url, { authentication }, { startClean: false });
    await assert.rejects(rig.open(), { code: 'UNSUPPORTED_PROTOCOL_VERSION' });
    assert.equal(broker.clients.length, 1);
  });
});
