import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Source } from '../../src/connector/source.js';
import { MqttSources } from '../../src/mqtt/source/mqtt-sources.js';
import { Subscription } from '../../src/mqtt/source/options/subscription.js';
import { type FakeClient, type FakeScript, startFakeBroker } from '../support/brokers/fake-broker.js';
import { forgettingScript, keepingScript } from '../support/brokers/keeping-broker.js';
import { type Mosquitto, startMosquitto } from '../support/brokers/mosquitto.js';
import { publishAll } from '../support/clients/mosquitto-pub.js';
import { SUITE_LIMIT } from '../support/limits.js';
import { type ChaosProxy, startChaosProxy } from '../support/proxy/chaos-proxy.js';
import { Crash, DurableSourceJob, type TickStep } from '../support/rigs/durable-source-job.js';
import { storedIds } from '../support/rigs/stored-ids.js';
import { until } from '../support/until.js';

let clients = 0;
const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, index) => String(from + index));

interface How {
  readonly qos: 1 | 2;
  readonly version: 5 | 4;
  readonly topic: string;
}

const builderAt = (url: string, how: How) =>
  MqttSources.builder()
    .broker(url)
    .clientId(`durable-${process.pid}-${++clients}`)
    .keepSession()
    .connectOptionsFn(() => ({ protocolVersion: how.version, reconnectPeriod: 20, maxReconnectPeriod: 100 }))
    .subscriptions(Subscription.of(how.topic, how.qos))
    .mapToItemFn((_topic, message) => message.toString());

const sourceAt = (url: string, how: How): Source<string> => builderAt(url, how).build();

interface Rig {
  readonly broker: Mosquitto;
  readonly proxy: ChaosProxy;
  readonly job: DurableSourceJob<string>;
  publish(payloads: readonly string[]): Promise<void>;
}

/** No id of the job is open: PUBREL of each came and its removal is durable. */
const atRest = (job: DurableSourceJob<string>): boolean => {
  const { stored } = job;
  return typeof stored === 'object' && stored !== null && 'inbound' in stored && stored.inbound instanceof Uint16Array
    ? stored.inbound.length === 0
    : stored === undefined;
};

const withRig = async (
  how: { qos: 1 | 2; version: 5 | 4 },
  run: (rig: Rig) => Promise<void>,
  broker?: Mosquitto,
): Promise<void> => {
  const server = broker ?? (await startMosquitto());
  const topic = `durable/${++clients}`;
  await using proxy = await startChaosProxy({ to: server });
  const guarantee = how.qos === 2 ? 'exactly-once' : 'at-least-once';
  const job = new DurableSourceJob(sourceAt(proxy.url, { ...how, topic }), guarantee);
  try {
    await job.start();
    const publish = (payloads: readonly string[]) => publishAll({ port: server.port, topic, qos: 2 }, payloads);
    await run({ broker: server, proxy, job, publish });
  } finally {
    await job.stop();
    if (broker === undefined) await server.stop();
  }
};

/** Goes on after a crash until everything is there and at rest, and then once more with new messages. */
const finish = async ({ job, publish }: Rig, expected: readonly string[]): Promise<void> => {
  job.onStep = () => {};
  await job.start();
  await job.run(() => job.effects.length >= expected.length && atRest(job));
  await publish(['last']);
  await job.run(() => job.effects.at(-1) === 'last' && atRest(job));
  assert.deepEqual(job.effects, [...expected, 'last']);
};

for (const version of [5, 4] as const) {
  describe(`durable source on mosquitto, killed at each phase of QoS 2 (version ${version})`, SUITE_LIMIT, () => {
    const qos2 = { qos: 2, version } as const;

    it('A2: before the commit: the message comes again', () =>
      withRig(qos2, async (rig) => {
        const { job, proxy, publish } = rig;
        await publish(numbers(5));
        await proxy.untilSeen('server', 'publish', 5);
        await job.reader.ready();
        assert.ok(job.reader.poll(10).items.length > 0);
        job.reader.snapshot(0);
        await job.kill(proxy);
        assert.equal(proxy.count('client', 'pubrec'), 0);
        await finish(rig, numbers(5));
      }));

    it('A4: after the commit and before PUBREC: the copy is answered and not taken (R2)', () =>
      withRig(qos2, async (rig) => {
        const { job, proxy, publish } = rig;
        job.onStep = (step) => {
          if (step === 'store' && job.effects.length === 5) throw new Crash();
        };
        const lost = proxy.drop({ from: 'client', type: 'pubrec', times: Number.POSITIVE_INFINITY });
        await publish(numbers(5));
        await assert.rejects(
          job.run(() => false),
          Crash,
        );
        await job.kill(proxy);
        lost.disarm();
        await finish(rig, numbers(5));
        assert.ok(proxy.count('server', 'publish', ({ connection }) => connection > 1) >= 5, 'they came again');
      }));

    it('A5: after PUBREC: the broker sends only PUBREL', () =>
      withRig(qos2, async (rig) => {
        const { job, proxy, publish } = rig;
        proxy.drop({ from: 'server', type: 'pubrel', times: 5 });
        await publish(numbers(5));
        await job.run(() => job.effects.length === 5);
        await proxy.untilSeen('server', 'pubrel', 5);
        await job.kill(proxy);
        await finish(rig, numbers(5));
      }));

    it('A6: after PUBREL and before the commit of its removal: PUBREL comes again (R3)', () =>
      withRig(qos2, async (rig) => {
        const { job, proxy, publish } = rig;
        await publish(numbers(5));
        await job.run(() => job.effects.length === 5);
        await until(() => job.reader.dirty === true);
        await proxy.untilSeen('server', 'pubrel', 5);
        await job.kill(proxy);
        await finish(rig, numbers(5));
      }));

    it('A7: after the commit of the removal and before PUBCOMP: PUBREL of an unknown id is answered (R4)', () =>
      withRig(qos2, async (rig) => {
        const { job, proxy, publish } = rig;
        proxy.drop({ from: 'client', type: 'pubcomp', times: 5 });
        await publish(numbers(5));
        await job.run(() => job.effects.length === 5 && atRest(job));
        await proxy.untilSeen('client', 'pubcomp', 5);
        await job.kill(proxy);
        await finish(rig, numbers(5));
        const again = proxy.frames('server', 'pubrel').filter(({ connection }) => connection > 1);
        assert.ok(again.length >= 5, 'PUBREL came again');
      }));
  });
}

describe('durable source on mosquitto, killed after every step of every tick (A13)', SUITE_LIMIT, () => {
  const MESSAGES = 12;
  /** One history: killed after step `at`; false when it came to its end before that. */
  const sweep = async (rig: Rig, at: number): Promise<boolean> => {
    const { job, proxy, publish } = rig;
    const steps: TickStep[] = [];
    job.onStep = (step) => {
      if (steps.push(step) === at) throw new Crash(step);
    };
    await publish(numbers(MESSAGES));
    const crashed = await job
      .run(() => job.effects.length === MESSAGES && atRest(job), 5)
      .then(
        () => false,
        (error: unknown) => {
          if (error instanceof Crash) return true;
          throw error;
        },
      );
    if (crashed) await job.kill(proxy);
    else await job.stop();
    return crashed;
  };

  it('QoS 2 is exactly once at every step', async () => {
    await using broker = await startMosquitto();
    let crashes = 0;
    for (let at = 1, goesOn = true; goesOn; at += 1) {
      await withRig(
        { qos: 2, version: 5 },
        async (rig) => {
          goesOn = await sweep(rig, at);
          if (goesOn) crashes += 1;
          await finish(rig, numbers(MESSAGES));
        },
        broker,
      );
    }
    assert.ok(crashes >= 12, `${crashes} crashes`);
  });

  it('QoS 1 is at least once at every step', async () => {
    await using broker = await startMosquitto();
    for (let at = 1, goesOn = true; goesOn; at += 1) {
      await withRig(
        { qos: 1, version: 5 },
        async (rig) => {
          goesOn = await sweep(rig, at);
          const { job } = rig;
          job.onStep = () => {};
          await job.start();
          await rig.publish(['last']);
          await job.run(() => job.effects.at(-1) === 'last');
          assert.deepEqual(
            [...new Set(job.effects)].sort((a, b) => Number(a) - Number(b)),
            [...numbers(MESSAGES), 'last'].sort((a, b) => Number(a) - Number(b)),
          );
        },
        broker,
      );
    }
  });
});

describe('durable source on mosquitto: filters that change', SUITE_LIMIT, () => {
  it('a filter that the program no longer has is unsubscribed at the next start, and the others get no retained messages again', async () => {
    await using broker = await startMosquitto();
    await publishAll({ port: broker.port, topic: 'kept/retained', qos: 2, retain: true }, ['r']);
    const clientId = `durable-filters-${process.pid}`;
    const source = (...filters: string[]) =>
      MqttSources.builder()
        .broker(broker.url)
        .clientId(clientId)
        .keepSession()
        .subscriptions(...filters.map((filter) => Subscription.of(filter, 2)))
        .mapToItemFn((topic, message) => `${topic} ${message.toString()}`)
        .build();
    const job = new DurableSourceJob(source('kept/#', 'left/#'));
    await job.start();
    await job.run(() => job.effects.length === 1 && atRest(job));
    await job.stop();
    const next = job.successor(source('kept/#'));
    await next.start();
    await publishAll({ port: broker.port, topic: 'left/x', qos: 2 }, ['l']);
    await publishAll({ port: broker.port, topic: 'kept/x', qos: 2 }, ['k']);
    await next.run(() => next.effects.length === 2 && atRest(next));
    assert.deepEqual(next.effects, ['kept/retained r', 'kept/x k']);
    const unmatched = next.metrics.snapshot().find(({ name }) => name === 'millrace_source_unmatched_total');
    assert.equal(unmatched?.value, 0, 'nothing of the other filter arrives');
    await next.stop();
  });
});

describe('durable source: the life of its session', SUITE_LIMIT, () => {
  it('C3: a broker that lost the session: fail is the default under exactly-once, and redeliver goes on', async () => {
    await using broker = await startMosquitto({ persistence: false });
    const clientId = `durable-lost-${process.pid}`;
    const source = (onSessionLoss?: 'redeliver') => {
      const builder = MqttSources.builder()
        .broker(broker.url)
        .clientId(clientId)
        .keepSession()
        .subscriptions(Subscription.of('lost', 2))
        .mapToItemFn((_topic, message) => message.toString());
      return (onSessionLoss === undefined ? builder : builder.onSessionLoss(onSessionLoss)).build();
    };
    const job = new DurableSourceJob(source());
    await job.start();
    await publishAll({ port: broker.port, topic: 'lost', qos: 2 }, ['a']);
    await job.run(() => job.effects.length === 1);
    await job.stop();
    await broker.restart();
    await assert.rejects(job.start(), { code: 'SESSION_LOST' });
    await assert.rejects(job.start(), { code: 'SESSION_LOST' }, 'until somebody decides');
    const next = job.successor(source('redeliver'));
    await next.start();
    await publishAll({ port: broker.port, topic: 'lost', qos: 2 }, ['b']);
    await next.run(() => next.effects.length === 2 && atRest(next));
    assert.deepEqual(next.effects, ['a', 'b'], 'C4: the new session reuses the id of a');
    await next.stop();
  });

  it('C3, C4: a session lost in the middle of the run: a new epoch, whose ids swallow nothing, before and after a crash', async () => {
    await using broker = await startMosquitto({ persistence: false });
    await using proxy = await startChaosProxy({ to: broker });
    const job = new DurableSourceJob(
      MqttSources.builder()
        .broker(proxy.url)
        .clientId(`durable-midway-${process.pid}`)
        .keepSession()
        .connectOptionsFn(() => ({ reconnectPeriod: 20, maxReconnectPeriod: 100 }))
        .onSessionLoss('redeliver')
        .subscriptions(Subscription.of('midway', 2))
        .mapToItemFn((_topic, message) => message.toString())
        .build(),
    );
    await job.start();
    proxy.drop({ from: 'server', type: 'pubrel', times: 2 });
    await publishAll({ port: broker.port, topic: 'midway', qos: 2 }, ['a', 'b']);
    await job.run(() => job.effects.length === 2);
    await proxy.untilSeen('server', 'pubrel', 2);
    assert.deepEqual(storedIds(job.stored), { epoch: 1, inbound: Uint16Array.of(1, 2) });
    await broker.kill();
    await broker.start();
    await broker.waitForLog(/Sending SUBACK/);
    await publishAll({ port: broker.port, topic: 'midway', qos: 2 }, ['c']);
    await proxy.untilSeen('server', 'publish', 3);
    await job.kill(proxy);
    await job.start();
    await job.run(() => job.effects.length === 3 && atRest(job));
    assert.deepEqual(job.effects, ['a', 'b', 'c']);
    assert.deepEqual(storedIds(job.stored), { epoch: 2, inbound: new Uint16Array() });
  });

  it('R16: a message that its publisher sent at QoS 1 is taken and told, or rejected, as the policy says', async () => {
    await using broker = await startMosquitto();
    const open = async (policy: 'accept' | 'reject') => {
      const job = new DurableSourceJob(
        MqttSources.builder()
          .broker(broker.url)
          .clientId(`durable-lower-${policy}-${process.pid}`)
          .keepSession()
          .subscriptions(Subscription.of('lower', 2))
          .mapToItemFn((_topic, message) => `${message.toString()} at ${message.qos}`)
          .onLowerQos(policy)
          .onError('skip')
          .build(),
      );
      await job.start();
      return job;
    };
    const jobs = [await open('accept'), await open('reject')] as const;
    await publishAll({ port: broker.port, topic: 'lower', qos: 1 }, ['a']);
    await publishAll({ port: broker.port, topic: 'lower', qos: 2 }, ['b']);
    for (const job of jobs) {
      await job.run(() => job.effects.at(-1) === 'b at 2' && atRest(job));
      const counted = job.metrics.snapshot().find(({ name }) => name === 'millrace_source_lower_qos_total');
      assert.equal(counted?.value, 1);
      await job.stop();
    }
    assert.deepEqual(jobs[0].effects, ['a at 1', 'b at 2']);
    assert.deepEqual(jobs[1].effects, ['b at 2']);
  });

  it('R6: an unknown session fails the start, or is adopted with what the broker has for it', async () => {
    await using broker = await startMosquitto();
    const clientId = `durable-unknown-${process.pid}`;
    const builder = MqttSources.builder()
      .broker(broker.url)
      .clientId(clientId)
      .keepSession()
      .subscriptions(Subscription.of('unknown', 2))
      .mapToItemFn((_topic, message) => message.toString());
    const first = new DurableSourceJob(builder.build());
    await first.start();
    await first.stop();
    await publishAll({ port: broker.port, topic: 'unknown', qos: 2 }, ['a']);
    await assert.rejects(new DurableSourceJob(builder.build()).start(), { code: 'SESSION_UNKNOWN' });
    const adopting = new DurableSourceJob(builder.onUnknownSession('adopt').build());
    await adopting.start();
    await adopting.run(() => adopting.effects.length === 1 && atRest(adopting));
    assert.deepEqual(adopting.effects, ['a']);
    await adopting.stop();
  });

  it('D9: a store that is gone while the broker has the session is an unknown session; discard begins anew', async () => {
    await using broker = await startMosquitto();
    const builder = MqttSources.builder()
      .broker(broker.url)
      .clientId(`durable-gone-${process.pid}`)
      .keepSession()
      .subscriptions(Subscription.of('gone', 2))
      .mapToItemFn((_topic, message) => message.toString());
    const first = new DurableSourceJob(builder.build());
    await first.start();
    await first.stop();
    await publishAll({ port: broker.port, topic: 'gone', qos: 2 }, ['a']);
    const anew = new DurableSourceJob(builder.onUnknownSession('discard').build());
    await anew.start();
    await publishAll({ port: broker.port, topic: 'gone', qos: 2 }, ['b']);
    await anew.run(() => anew.effects.length === 1 && atRest(anew));
    assert.deepEqual(anew.effects, ['b']);
    await anew.stop();
  });
});

describe('durable source on a broker that ends the session with each connection', SUITE_LIMIT, () => {
  const refused = { code: 'GUARANTEE_UNSUPPORTED', message: /Session Expiry Interval 0/ };
  const at = { version: 5, topic: 't' } as const;

  it('exactly-once is refused, also at QoS 1 with deduplicateBy; at-least-once is not', async () => {
    await using broker = await startFakeBroker(forgettingScript());
    await assert.rejects(new DurableSourceJob(sourceAt(broker.url, { ...at, qos: 2 })).start(), refused);
    const told = builderAt(broker.url, { ...at, qos: 1 }).deduplicateBy((message) => message.toString());
    await assert.rejects(new DurableSourceJob(told.build()).start(), refused);
    const job = new DurableSourceJob(sourceAt(broker.url, { ...at, qos: 2 }), 'at-least-once');
    await job.start();
    await job.stop();
  });
});

/** Connections of a first start. Exactly-once has one more than at-least-once, on which the broker shows that it keeps a session (R5e). */
const firstStart = (qos: 1 | 2): number => (qos === 2 ? 2 : 1);

/**
 * As rumqttd 0.20: on a resumed session with 100 in flight, that of the second start, it answers neither UNSUBSCRIBE nor SUBSCRIBE before
 * something is acknowledged.
 */
const waitingScript = (kept: ReturnType<typeof keepingScript>, qos: 1 | 2): FakeScript => {
  const waiting: (() => void)[] = [];
  const hold = (client: FakeClient, answer: () => void): void => {
    if (client.index < firstStart(qos)) answer();
    else waiting.push(answer);
  };
  const goOn = (): void => {
    for (const answer of waiting.splice(0)) answer();
  };
  return {
    ...kept,
    connect: (client, packet) => {
      kept.connect(client, packet);
      if (client.index !== firstStart(qos)) return;
      for (let packetId = 1; packetId <= 100; packetId += 1) {
        const payload = new TextEncoder().encode(String(packetId));
        client.send({ type: 'publish', topic: 't', payload, qos, retain: false, dup: true, packetId });
      }
    },
    subscribe: (client, packet) => hold(client, () => kept.subscribe?.(client, packet)),
    unsubscribe: (client, packet) => hold(client, () => kept.unsubscribe?.(client, packet)),
    puback: goOn,
    pubrec: (client, { packetId }) => {
      goOn();
      client.send({ type: 'pubrel', packetId, reasonCode: 0 });
    },
  };
};

describe(
  'R14b: a broker that answers nothing on a resumed session before something is acknowledged (S11)',
  SUITE_LIMIT,
  () => {
    for (const { qos, version } of [
      { qos: 2, version: 5 },
      { qos: 2, version: 4 },
      { qos: 1, version: 5 },
    ] as const) {
      it(`the 100 in flight are taken, acknowledged by their commit, and then it is subscribed (QoS ${qos}, version ${version})`, async () => {
        const kept = keepingScript();
        await using broker = await startFakeBroker(waitingScript(kept, qos));
        const source = sourceAt(broker.url, { qos, version, topic: 't' });
        const job = new DurableSourceJob(source, qos === 2 ? 'exactly-once' : 'at-least-once');
        await job.start();
        await job.stop();
        await job.start();
        await job.run(() => job.effects.length >= 100 && atRest(job));
        assert.deepEqual(job.effects, numbers(100, 1));
        const second = await broker.client(firstStart(qos));
        await until(
          () => second.packets.filter(({ type }) => type === (qos === 2 ? 'pubcomp' : 'puback')).length === 100,
        );
        if (version === 5) await broker.packet(second, 'subscribe');
        assert.equal(broker.clients.length, firstStart(qos) + 1, 'on one connection');
        await job.stop();
      });
    }

    it('counterexample: ids that are known do not count as new, so that nothing of them is taken twice', async () => {
      const kept = keepingScript();
      await using broker = await startFakeBroker(waitingScript(kept, 2));
      const job = new DurableSourceJob(sourceAt(broker.url, { qos: 2, version: 5, topic: 't' }));
      await job.start();
      await job.stop();
      await job.start();
      // killed when the effects are durable, before a PUBREC goes out
      job.onStep = (step) => {
        if (step === 'store' && job.effects.length === 100) throw new Crash();
      };
      await assert.rejects(
        job.run(() => false),
        Crash,
      );
      job.onStep = () => {};
      await job.stop();
      broker.script = {
        ...waitingScript(kept, 2),
        connect: (client, packet) => {
          kept.connect(client, packet);
          for (const packetId of [100, 101, 1]) {
            const payload = new TextEncoder().encode(String(packetId));
            client.send({ type: 'publish', topic: 't', payload, qos: 2, retain: false, dup: true, packetId });
          }
        },
      };
      await job.start();
      await job.run(() => job.effects.length === 101);
      const third = await broker.client(firstStart(2) + 1);
      assert.deepEqual(
        third.packets.filter(({ type }) => type === 'pubrec'),
        [],
        'the copy in front of the new one is not answered before the proof, nor is what is behind it (R14)',
      );
      await job.stop();
      assert.deepEqual(job.effects, numbers(101, 1));
    });
  },
);

describe('durable source at a broker that sends the whole of a backlog', SUITE_LIMIT, () => {
  it('PH1: never more than Receive Maximum are behind their PUBREC and before their PUBCOMP, and each comes once', async (t) => {
    const broker = await startMosquitto();
    await using proxy = await startChaosProxy({ to: broker });
    const topic = `durable/${++clients}`;
    const source = builderAt(proxy.url, { qos: 2, version: 5, topic })
      .connectOptionsFn(() => ({ properties: { receiveMaximum: 10 } }))
      .build();
    const job = new DurableSourceJob(source, 'exactly-once');
    await job.start();
    await job.stop();
    await publishAll({ port: broker.port, topic, qos: 2 }, numbers(300));
    await job.start();
    await job.run(() => job.effects.length === 300 && atRest(job));
    await job.stop();
    assert.deepEqual(job.effects, numbers(300));
    const [open, sent] = [new Set<number | undefined>(), new Set<number | undefined>()];
    let [mostOpen, mostSent] = [0, 0];
    for (const { from, type, packetId } of proxy.seen) {
      if (from === 'server' && type === 'publish') sent.add(packetId);
      if (from !== 'client') continue;
      if (type === 'pubrec') open.add(packetId);
      if (type === 'pubcomp') for (const ids of [open, sent]) ids.delete(packetId);
      mostOpen = Math.max(mostOpen, open.size);
      mostSent = Math.max(mostSent, sent.size);
    }
    t.diagnostic(`the broker has had ${mostSent} unfinished at once`);
    assert.equal(mostOpen, 10);
    await broker.stop();
  });
});
