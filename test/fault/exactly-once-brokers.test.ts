import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startMosquittoSub } from '../support/clients/mosquitto-sub.js';
import { connectPeer } from '../support/clients/mqtt-peer.js';
import { judgeDelivery } from '../support/delivery-oracle.js';
import { assertKept, assertOnce, reportLine } from '../support/kill/kill-assert.js';
import { type BrokerProfile, type KillBroker, startKillBroker } from '../support/kill/kill-brokers.js';
import { KillLoad } from '../support/kill/kill-load.js';
import { KillRig, type KillRun } from '../support/kill/kill-rig.js';
import { untilComplete } from '../support/kill/kill-strike.js';
import { millracePipeline, type PipelineOptions } from '../support/kill/kill-system.js';
import { forgotten, passagesOf, textsWith } from '../support/kill/kill-wire.js';
import { LIMIT, SUITE_LIMIT } from '../support/limits.js';
import type { ChaosProxy } from '../support/proxy/chaos-proxy.js';
import { until } from '../support/until.js';

/*
 * The brokers die, forget, or are away: C1 to C4, F10 to F12, F20, and what a lost CONNACK leaves behind (R5a). What a broker loses
 * by itself (profile BL) is told apart from what we lose.
 */

const COUNT = 60;

interface Said {
  diagnostic(text: string): void;
}

/**
 * With its stock window of 20 mosquitto 2.0.11 hands out up to our Receive Maximum all the same, and after a restart sends again with
 * PUBLISH what stood behind the first 20, although it had our PUBREC: no client can tell that from a new message.
 */
const WINDOW = { config: ['max_inflight_messages 1000'] };

describe('exactly-once when brokers die, forget or are away', SUITE_LIMIT, () => {
  const withRig = async (
    profile: BrokerProfile,
    options: Partial<PipelineOptions>,
    play: (rig: KillRig, broker: { from: KillBroker; to: KillBroker }) => Promise<void>,
    more: Partial<KillRun> = {},
  ) => {
    const [from, to] = await Promise.all([startKillBroker(profile, WINDOW), startKillBroker(profile, WINDOW)]);
    try {
      const system = millracePipeline(profile, { kind: 'plain', ...options });
      await using rig = await KillRig.open({ system, from, to, proxied: true, ...more });
      await play(rig, { from, to });
    } finally {
      await Promise.all([from.mosquitto.stop(), to.mosquitto.stop()]);
    }
  };

  const proxiesOf = ({ proxies }: KillRig) => {
    assert.ok(proxies);
    return proxies;
  };

  /** The verifier of a restarted amnesic broker has to subscribe anew before anything is sent to it. */
  const verifierIsBack = (rig: KillRig) =>
    rig.run.to.mosquitto.waitForLog(new RegExp(`SUBSCRIBE from ${rig.ends.clientId}-verifier`));

  /** The sink has the answers to all that it sent: else its window may have no room for anything that comes. */
  const sinkIsAnswered = (rig: KillRig) => {
    const open = (): number => {
      const sent = passagesOf(proxiesOf(rig).to, rig.load.sent, 'client');
      return textsWith(sent).size - textsWith(sent, 'pubcomp').size;
    };
    return until(() => open() === 0, { intervalMs: 50, what: () => `answers to ${open()} messages of the sink` });
  };

  /** The broker of the source has shown how it counts: before that the copy of one finished message cannot be told (R2b). */
  const isFenced = (from: ChaosProxy) => from.untilSeen('server', 'pingresp');

  /** The broker of one side dies while messages are on their way, with the job and without it. */
  const playRestarts = async (rig: KillRig, side: 'from' | 'to', delivered: () => Promise<void>) => {
    const { to } = proxiesOf(rig);
    await rig.start();
    for (const killed of [false, true]) {
      await sinkIsAnswered(rig);
      // The sink stands still meanwhile.
      to.blackhole('to-client');
      const before = to.count('client', 'publish');
      await rig.load.send(COUNT);
      await rig.load.settle();
      await to.untilSeen('client', 'publish', before + 1);
      if (killed) await rig.kill();
      await rig.run[side].restart();
      // Without its session the verifier would miss what the broker passes on before it has subscribed.
      if (side === 'to' && rig.run.to.profile === 'lossy') await verifierIsBack(rig);
      to.heal();
      if (killed) await rig.start();
      await delivered();
    }
  };

  for (const [cell, side] of [
    ['C1', 'from'],
    ['F10', 'to'],
  ] as const) {
    const whose = side === 'from' ? 'source' : 'sink';
    it(`${cell} the broker of the ${whose} saves, ends and comes back: nothing is lost or doubled (BD)`, LIMIT, () =>
      withRig('durable', {}, async (rig) => {
        await playRestarts(rig, side, () => untilComplete(rig));
        assertOnce(await rig.settle());
      }),
    );
  }

  /** Sends once more, and waits until all of that has arrived: a loss of earlier messages is not waited for. */
  const sendAndSee = async (rig: KillRig) => {
    const first = rig.load.sent.length;
    await rig.load.send(COUNT);
    const arrived = () => {
      const seen = new Set(rig.verifier.texts);
      return rig.load.sent.slice(first).every(({ text }) => seen.has(text));
    };
    await until(arrived, { intervalMs: 50, what: () => `what came later\n${rig.tail()}` });
  };

  /** The broker of one side dies by profile BL, with the job and without it. What comes later arrives. */
  const playLosses = async (rig: KillRig, side: 'from' | 'to', t: Said) => {
    await playRestarts(rig, side, async () => {
      await sendAndSee(rig);
    });
    await rig.verifier.untilQuiet(250);
    const report = rig.report();
    t.diagnostic(`${reportLine(report)}, ${report.disordered.length} out of order`);
    assert.deepEqual(report.phantoms, []);
    assert.deepEqual(await rig.end(), { code: 0, signal: null });
    return report;
  };

  it(
    'C2 the broker of the source dies with what it had not saved (BL): nothing is lost of what it had our PUBREC for',
    LIMIT,
    (t) =>
      withRig('lossy', {}, async (rig) => {
        const { lost, disordered } = await playLosses(rig, 'from', t);
        const given = passagesOf(proxiesOf(rig).from, rig.load.sent, 'server');
        const taken = textsWith(given, 'pubrec');
        assert.ok(taken.size >= COUNT, `only ${taken.size} had our PUBREC`);
        assert.deepEqual(among(lost, taken), []);
        // A copy comes only of what the broker began anew after its PUBREL: that is a new message by the rules.
        const anew = forgotten(given);
        t.diagnostic(`${taken.size} had our PUBREC, ${anew.size} were published again after their PUBREL`);
        const copied = copiesOf(rig.verifier.texts);
        assert.deepEqual(among(copied, anew), copied);
        assert.deepEqual(disordered, []);
      }),
  );

  it(
    'F12 the broker of the sink dies with what it had not saved (BL): lost is only what it had answered with PUBCOMP',
    LIMIT,
    (t) =>
      withRig('lossy', {}, async (rig) => {
        const { lost } = await playLosses(rig, 'to', t);
        const sent = passagesOf(proxiesOf(rig).to, rig.load.sent, 'client');
        const completed = textsWith(sent, 'pubrec', 'pubcomp');
        assert.deepEqual(among(lost, completed), lost);
        // What the broker makes of it is the broker's; we send each message in order, and again only under the id that it has.
        const ids = new Set(sent.map(({ text, packetId }) => `${packetId} ${text}`));
        assert.equal(ids.size, rig.load.sent.length);
        const wire = sent.map(({ text }) => ({ topic: text.slice(0, 1), text }));
        assert.deepEqual(judgeDelivery(rig.load.sent, wire).disordered, []);
      }),
  );

  it(
    'C3 the broker of the source forgets (fail): the job ends and says so, also when it is started again',
    LIMIT,
    async () => {
      await withRig('amnesic', {}, async (rig, { from }) => {
        await rig.start();
        await rig.load.send(COUNT);
        await untilComplete(rig);
        await from.restart();
        assert.equal((await rig.process.exited).code, 1);
        assert.match(rig.tail(), /session/i);
        assert.equal((await (await rig.spawn()).exited).code, 1);
        assertOnce(rig.report());
      });
    },
  );

  for (const policy of ['redeliver', 'drop'] as const) {
    it(
      `C3, C4 the broker of the source forgets (${policy}): nothing new is taken for old although ids begin again`,
      LIMIT,
      async () => {
        await withRig('amnesic', { onSessionLoss: policy }, async (rig, { from }) => {
          await rig.start();
          // PUBRELs never come: the ids stay in the set of the store.
          const held = proxiesOf(rig).from.drop({ from: 'server', type: 'pubrel', times: 10_000 });
          await rig.load.send(COUNT);
          await untilComplete(rig);
          await rig.load.settle();
          await rig.kill();
          held.disarm();
          await from.restart();
          await rig.start();
          await rig.load.send(COUNT);
          assertOnce(await rig.settle());
        });
      },
    );
  }

  /** All messages are with the sink's broker, in doubt, when it forgets them. */
  const forgottenBySink = async (rig: KillRig, to: KillBroker, fault: 'pubrec' | 'pubcomp') => {
    const proxy = proxiesOf(rig).to;
    await rig.start();
    // The broker's answers never come; it has passed nothing on when it is PUBREC that is missing.
    const held = proxy.drop({ from: 'server', type: fault, times: 10_000 });
    await rig.load.send(COUNT);
    await held.fired({ count: COUNT });
    // What it has passed on must be with the verifier before it forgets that, too.
    if (fault === 'pubcomp') await rig.verifier.untilCount(COUNT);
    proxy.refuse();
    await to.restart();
    await verifierIsBack(rig);
    held.disarm();
    proxy.heal();
  };

  it(
    'F11 the broker of the sink forgets (fail): the job ends, its rows are kept, and go out when a policy is chosen',
    LIMIT,
    async () => {
      await withRig('amnesic', {}, async (rig, { to }) => {
        await forgottenBySink(rig, to, 'pubrec');
        assert.equal((await rig.process.exited).code, 1);
        assert.match(rig.tail(), /session/i);
        assert.equal((await (await rig.spawn()).exited).code, 1);
        rig.change(millracePipeline('redeliver', { kind: 'plain', onSessionLoss: 'redeliver' }));
        await rig.start();
        assertKept(await rig.settle());
      });
    },
  );

  it('F11 the broker of the sink forgets (redeliver): nothing is lost', LIMIT, async () => {
    await withRig('amnesic', { onSessionLoss: 'redeliver' }, async (rig, { to }) => {
      await forgottenBySink(rig, to, 'pubcomp');
      assertKept(await rig.settle());
    });
  });

  it(
    'F11 the broker of the sink forgets (drop) what it had passed on: nothing comes twice, nothing is lost',
    LIMIT,
    async () => {
      await withRig('amnesic', { onSessionLoss: 'drop' }, async (rig, { to }) => {
        await forgottenBySink(rig, to, 'pubcomp');
        assertOnce(await rig.settle());
      });
    },
  );

  it(
    'F11 the broker of the sink forgets (drop) what it had not passed on: that is given up, and nothing else',
    LIMIT,
    async (t) => {
      await withRig('amnesic', { onSessionLoss: 'drop' }, async (rig, { to }) => {
        const proxy = proxiesOf(rig).to;
        await forgottenBySink(rig, to, 'pubrec');
        await sendAndSee(rig);
        await rig.verifier.untilQuiet(250);
        const report = rig.report();
        t.diagnostic(reportLine(report));
        const { duplicates, lost, phantoms, disordered } = report;
        assert.deepEqual({ duplicates, phantoms, disordered }, { duplicates: 0, phantoms: [], disordered: [] });
        const inDoubt = textsWith(passagesOf(proxy, rig.load.sent.slice(0, COUNT), 'client'));
        assert.ok(lost.length > 0, 'the rows in doubt are given up');
        assert.deepEqual(among(lost, inDoubt), lost);
      });
    },
  );

  it(
    'two sources and two sinks at two brokers in one job, one broker away and the job killed: all comes once at both',
    LIMIT,
    async () => {
      await withRig('durable', { kind: 'cross' }, async (rig, { from, to }) => {
        const { prefix, clientId } = rig.ends;
        const proxy = proxiesOf(rig).to;
        await using second = new KillLoad({ port: to.mosquitto.port, prefix, qos: 2, topics: ['d', 'e'] });
        await using back = await startMosquittoSub({
          port: from.mosquitto.port,
          topic: `${prefix}/out/#`,
          clientId: `${clientId}-back-verifier`,
        });
        const all = () => [...rig.load.sent, ...second.sent];
        const arrived = () => Math.min(rig.verifier.messages.length, back.messages.length) >= all().length;
        const what = () =>
          `${rig.verifier.messages.length} and ${back.messages.length} of ${all().length}\n${rig.tail()}`;
        const send = async () => {
          await Promise.all([rig.load.send(COUNT), second.send(COUNT)]);
          await Promise.all([rig.load.settle(), second.settle()]);
        };
        await rig.start();
        await send();
        await until(arrived, { what });
        proxy.refuse();
        proxy.cutAll('rst');
        await send();
        // The other sink goes on, and what it has delivered waits in the outbox of this one.
        await back.untilCount(3 * COUNT);
        assert.ok(rig.verifier.messages.length < 3 * COUNT);
        await rig.kill();
        proxy.heal();
        await rig.start();
        await until(arrived, { what });
        for (const verifier of [rig.verifier, back]) {
          await verifier.untilQuiet(250);
          const seen = verifier.messages.map(({ topic, text }) => ({ topic: topic.slice(-1), text }));
          assert.deepEqual(judgeDelivery(all(), seen), { lost: [], duplicates: 0, phantoms: [], disordered: [] });
        }
        assert.deepEqual(await rig.end(), { code: 0, signal: null });
      });
    },
  );

  it('F20 a full outbox: the source waits, nothing is dropped, also over a kill', LIMIT, async () => {
    await withRig('durable', { job: { maxOutboxMessages: 50 } }, async (rig) => {
      const { from, to } = proxiesOf(rig);
      await rig.start();
      to.refuse();
      to.cutAll('rst');
      await rig.load.send(1_500);
      await rig.load.settle();
      await until(() => from.count('client', 'pubrec') >= 50, { what: 'a full outbox' });
      const taken = await stable(() => from.count('client', 'pubrec'));
      assert.ok(taken < 1_000, `${taken} acknowledged with an outbox of 50`);
      await rig.kill();
      const again = rig.spawn();
      to.heal();
      await again;
      assertOnce(await rig.settle());
    });
  });

  it('R5a a lost CONNACK, of the first connect and of a later one, on both sides', LIMIT, async () => {
    await withRig('durable', {}, async (rig) => {
      const { from, to } = proxiesOf(rig);
      for (const kind of ['first', 'later', 'of a new process'] as const) {
        const faults = [from.dropConnack(), to.dropConnack()];
        if (kind === 'first') await rig.start();
        else if (kind === 'later') {
          from.cutAll('rst');
          to.cutAll('rst');
        } else {
          await rig.kill();
          await rig.start();
        }
        for (const fault of faults) await fault.fired();
        await rig.load.send(COUNT);
        await untilComplete(rig);
        await isFenced(from);
      }
      assertOnce(await rig.settle());
    });
  });

  it('C6 both brokers stand still (SIGSTOP): the job finds them again, nothing is lost or doubled', LIMIT, async () => {
    const connect = { keepalive: 2, pingTimeout: 1_000, connackTimeout: 1_000, ackTimeout: 2_000 };
    await withRig('durable', { connect }, async (rig, brokers) => {
      await rig.start();
      await rig.load.send(COUNT);
      await isFenced(proxiesOf(rig).from);
      for (const side of ['from', 'to'] as const) {
        await rig.load.send(COUNT);
        await rig.load.settle();
        brokers[side].mosquitto.suspend();
        const before = proxiesOf(rig)[side].connections;
        await until(() => proxiesOf(rig)[side].connections > before, { what: 'another attempt' });
        brokers[side].mosquitto.resume();
        await rig.load.send(COUNT);
        await untilComplete(rig);
      }
      assertOnce(await rig.settle());
    });
  });

  it('G1 another client takes the session over once: the job comes back to it', LIMIT, async () => {
    await withRig('durable', {}, async (rig, { from }) => {
      await rig.start();
      await rig.load.send(COUNT);
      await untilComplete(rig);
      const intruder = await connectPeer(from.mosquitto.port, { clientId: rig.ends.clientId, clean: false });
      await intruder.close();
      await until(() => proxiesOf(rig).from.count('server', 'connack') > 1, { what: 'a second CONNACK' });
      await rig.load.send(COUNT);
      assertOnce(await rig.settle());
      assert.deepEqual(await rig.end(), { code: 0, signal: null });
    });
  });

  it(
    'G2 the session expires while the job is away: it says so at its start and waits for a policy',
    LIMIT,
    async () => {
      const connect = { properties: { sessionExpiryInterval: 1 } };
      await withRig('durable', { connect }, async (rig) => {
        await rig.start();
        await rig.load.send(COUNT);
        await untilComplete(rig);
        await rig.kill();
        await rig.run.from.mosquitto.waitForLog(new RegExp(`Expiring client ${rig.ends.clientId} `)).catch(() => {});
        assert.equal((await (await rig.spawn()).exited).code, 1);
        assert.match(rig.tail(), /session/i);
        rig.change(millracePipeline('redeliver', { kind: 'plain', connect, onSessionLoss: 'redeliver' }));
        await rig.start();
        await rig.load.send(COUNT);
        // What the sink had under way when it was killed may come again: its session is gone, too.
        assertKept(await rig.settle());
      });
    },
  );
});

/** Waits until a count does not grow any more. */
async function stable(count: () => number): Promise<number> {
  let last = -1;
  let since = performance.now();
  await until(() => {
    if (count() !== last) {
      last = count();
      since = performance.now();
    }
    return performance.now() - since > 500;
  });
  return last;
}

function among(texts: readonly string[], set: ReadonlySet<string>): readonly string[] {
  return texts.filter((text) => set.has(text));
}

function copiesOf(texts: readonly string[]): readonly string[] {
  return [...new Set(texts.filter((text, index) => texts.indexOf(text) !== index))];
}
