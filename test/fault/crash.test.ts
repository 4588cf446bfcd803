import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Child } from '../support/child-process.js';
import { type MosquittoSub, startMosquittoSub } from '../support/clients/mosquitto-sub.js';
import { connectPeer, type MqttPeer } from '../support/clients/mqtt-peer.js';
import { type Delivery, judgeDelivery, type Letter, letterText } from '../support/delivery-oracle.js';
import { LIMIT, SUITE_LIMIT } from '../support/limits.js';
import { type ChaosProxy, startChaosProxy } from '../support/proxy/chaos-proxy.js';
import type { Fault } from '../support/proxy/proxy-fault.js';
import { assertSound, type RigBrokers, startRigBrokers, stopRigBrokers } from '../support/rigs/bridge-rig.js';
import { SeededRandom } from '../support/seeded-random.js';
import { startCli } from '../support/start-cli.js';
import { until } from '../support/until.js';

/*
 * The bridge is killed (SIGKILL), at random and in chosen phases. At-least-once: nothing is lost and each topic keeps its
 * order; what was on its way may come twice, and no more than that. Cells A1, A3 to A5, A14 and E1.
 */

const QUALITIES = [1, 2] as const;
const TOPICS = ['a', 'b', 'c'] as const;
/** Of the command's own: Receive Maximum and maxInflight. What is on its way is at most this. */
const WINDOW = 1_000;
let brokers: RigBrokers;
let runs = 0;

interface CrashParts {
  readonly run: string;
  readonly qos: 1 | 2;
  readonly source: ChaosProxy;
  readonly sink: ChaosProxy;
  readonly witness: MosquittoSub;
  readonly publisher: MqttPeer;
}

/** A bridge in a process of its own between two proxies, with a publisher and a witness that are never disturbed. */
class CrashRig implements AsyncDisposable {
  readonly source: ChaosProxy;
  readonly sink: ChaosProxy;
  readonly witness: MosquittoSub;
  readonly #parts: CrashParts;
  readonly #sent: Letter[] = [];
  #bridge: Child | undefined;

  private constructor(parts: CrashParts) {
    this.#parts = parts;
    this.source = parts.source;
    this.sink = parts.sink;
    this.witness = parts.witness;
  }

  /** Everything but the bridge, and a session that already holds what will be published. */
  static async open(qos: 1 | 2): Promise<CrashRig> {
    runs += 1;
    const run = `crash-${process.pid}-${runs}`;
    const [source, sink, witness, publisher] = await Promise.all([
      startChaosProxy({ to: brokers.from }),
      startChaosProxy({ to: brokers.to }),
      startMosquittoSub({ port: brokers.to.port, topic: `${run}/out/#` }),
      connectPeer(brokers.from.port),
    ]);
    return new CrashRig({ run, qos, source, sink, witness, publisher });
  }

  /** Starts the bridge. Resolves when it runs. */
  async start(): Promise<void> {
    const { run, qos } = this.#parts;
    this.#bridge = startCli([
      ...['bridge', '--from', this.source.url, '--topic', `${run}/in/#`, '--to', this.sink.url],
      ...['--to-topic', `${run}/out/{level.3}`, '--client-id', run, '--qos', String(qos)],
      // how soon a broker answers is no promise of ours
      ...['--connect-timeout', '0'],
    ]);
    await this.#bridge.waitForLine(/RUNNING/);
  }

  async kill(): Promise<void> {
    const exit = await this.#bridge?.end('SIGKILL');
    assert.equal(exit?.signal, 'SIGKILL');
  }

  async publish(count: number): Promise<void> {
    const { run, qos, publisher } = this.#parts;
    for (let done = 0; done < count; done += 15) {
      const letters = Array.from({ length: Math.min(15, count - done) }, (_, index) => {
        const topic = TOPICS[index % TOPICS.length] ?? 'a';
        return { topic, text: letterText(topic, this.#sent.length + index) };
      });
      this.#sent.push(...letters);
      await Promise.all(letters.map(({ topic, text }) => publisher.publish(`${run}/in/${topic}`, text, { qos })));
    }
  }

  get sentCount(): number {
    return this.#sent.length;
  }

  /** Waits until everything was seen, ends the bridge in order and judges. */
  async settle(): Promise<Delivery> {
    const distinct = () => new Set(this.witness.texts).size;
    const what = () => `${this.#sent.length} messages, have ${distinct()}\n${this.#bridge?.stderr.join('\n')}`;
    await until(() => distinct() >= this.#sent.length, { what });
    assert.deepEqual(await this.#bridge?.end('SIGTERM'), { code: 0, signal: null });
    await this.witness.untilQuiet(150);
    const prefix = `${this.#parts.run}/out/`;
    return judgeDelivery(
      this.#sent,
      this.witness.messages.map(({ topic, text }) => ({ topic: topic.slice(prefix.length), text })),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#bridge?.end('SIGKILL');
    const { publisher } = this.#parts;
    await Promise.all([publisher.close(), this.witness.close(), this.source.close(), this.sink.close()]);
  }
}

describe('kill -9 of the bridge', SUITE_LIMIT, () => {
  before(async () => {
    brokers = await startRigBrokers();
  });
  after(() => stopRigBrokers(brokers));

  for (const qos of QUALITIES) {
    it(`at random moments under load loses nothing (QoS ${qos})`, LIMIT, async (t) => {
      const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31);
      t.diagnostic(`SEED=${seed}`);
      const random = new SeededRandom(seed);
      const kills = 4;
      await using rig = await CrashRig.open(qos);
      await rig.start();
      let publishing = true;
      const load = (async () => {
        while (publishing) {
          await rig.publish(15);
          await sleep(40);
        }
      })();
      for (let kill = 0; kill < kills; kill += 1) {
        const seen = rig.witness.messages.length;
        await rig.witness.untilCount(seen + 1 + random.below(300));
        await sleep(random.below(30));
        await rig.kill();
        await rig.start();
      }
      publishing = false;
      await load;
      const delivery = await rig.settle();
      t.diagnostic(`${rig.sentCount} sent, ${delivery.duplicates} duplicates over ${kills} kills`);
      assertSound(delivery, { once: false });
      assert.ok(delivery.duplicates <= kills * WINDOW, `${delivery.duplicates} duplicates`);
    });
  }

  /** Brings the bridge into a phase by faults, kills it there, and lets a new one finish, which is ended when `finished` is. */
  const killedIn = async (
    qos: 1 | 2,
    count: number,
    phase: (rig: CrashRig) => Fault,
    reached: number,
    finished: (rig: CrashRig) => Promise<void> = async () => {},
  ) => {
    await using rig = await CrashRig.open(qos);
    await rig.start();
    const fault = phase(rig);
    await rig.publish(count);
    await fault.fired({ count: reached });
    await sleep(100);
    await rig.kill();
    fault.disarm();
    await rig.start();
    await finished(rig);
    return { delivery: await rig.settle(), rig };
  };

  it(
    'A1, A14 with a full window that nobody has answered: every message is redelivered, none comes twice (QoS 1)',
    LIMIT,
    async () => {
      const swallowed = (rig: CrashRig) => rig.sink.drop({ from: 'client', type: 'publish', times: 10_000 });
      const { delivery, rig } = await killedIn(1, 990, swallowed, 20);
      assertSound(delivery, { once: true });
      assert.equal(
        rig.source.count('client', 'puback', ({ connection }) => connection === 1),
        0,
      );
      assert.ok(rig.source.count('server', 'publish', ({ dup }) => dup) > 0, 'redelivered with DUP 1');
    },
  );

  it(
    'A3, E1 delivered and not acknowledged to the source: every such message comes once more, none is lost (QoS 1)',
    LIMIT,
    async () => {
      const unanswered = (rig: CrashRig) => rig.sink.drop({ from: 'server', type: 'puback', times: 10_000 });
      const { delivery, rig } = await killedIn(1, 90, unanswered, 20);
      assertSound(delivery, { once: false });
      assert.equal(
        delivery.duplicates,
        rig.sink.count('server', 'puback', ({ forwarded }) => !forwarded),
      );
    },
  );

  it(
    'A4 taken at QoS 2, delivered, PUBREC not sent: comes once more (the effect is at least once), none is lost',
    LIMIT,
    async () => {
      const unanswered = (rig: CrashRig) => rig.sink.drop({ from: 'server', type: 'pubcomp', times: 10_000 });
      const { delivery, rig } = await killedIn(2, 60, unanswered, 10);
      assertSound(delivery, { once: false });
      assert.equal(
        rig.source.count('client', 'pubrec', ({ connection }) => connection === 1),
        0,
      );
      assert.ok(delivery.duplicates > 0 && delivery.duplicates <= 60);
    },
  );

  it(
    'A5 PUBREC sent, PUBREL not received: the broker only releases, the message does not come again',
    LIMIT,
    async () => {
      const unreleased = (rig: CrashRig) => rig.source.drop({ from: 'server', type: 'pubrel', times: 10_000 });
      const released = ({ source }: CrashRig) => source.untilSeen('client', 'pubcomp', 60);
      const { delivery, rig } = await killedIn(2, 60, unreleased, 60, released);
      assertSound(delivery, { once: true });
      assert.ok(
        rig.source.count('client', 'pubcomp', ({ connection }) => connection > 1) >= 60,
        'answered all the same (R4)',
      );
    },
  );
});
