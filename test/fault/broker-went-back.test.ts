import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Engine, type Job, type MillraceError, MqttSinks, MqttSources, Pipeline } from '../../src/index.js';
import { type Mosquitto, startMosquitto } from '../support/brokers/mosquitto.js';
import { publishAll } from '../support/clients/mosquitto-pub.js';
import { type MosquittoSub, startMosquittoSub } from '../support/clients/mosquitto-sub.js';
import { LIMIT } from '../support/limits.js';
import { tempDir } from '../support/temp-dir.js';
import { toldOfSessions } from '../support/told.js';
import { until } from '../support/until.js';

/*
 * A broker's database is put back to that of an earlier time: a backup, a snapshot of its machine. Its sessions are present, and what
 * they have queued was handed over before (R5c).
 */

type Policy = 'fail' | 'redeliver' | 'drop';

const PERSISTENT = { persistence: true, config: ['max_inflight_messages 1000'] } as const;
const numbers = (from: number, to: number): readonly string[] =>
  Array.from({ length: to - from }, (_, offset) => String(from + offset));

/** An exactly-once job between two brokers, in this process, with a store that outlives it. */
class Bridge implements AsyncDisposable {
  readonly from: Mosquitto;
  readonly to: Mosquitto;
  readonly witness: MosquittoSub;
  readonly #dir = tempDir('went-back');
  #engine: Engine | undefined;
  #job: Job | undefined;
  #failure: MillraceError | undefined;

  private constructor(from: Mosquitto, to: Mosquitto, witness: MosquittoSub) {
    this.from = from;
    this.to = to;
    this.witness = witness;
  }

  static async open(): Promise<Bridge> {
    const [from, to] = await Promise.all([startMosquitto(PERSISTENT), startMosquitto(PERSISTENT)]);
    const witness = await startMosquittoSub({ port: to.port, topic: 'out', clientId: 'witness' });
    return new Bridge(from, to, witness);
  }

  get failure(): MillraceError | undefined {
    return this.#failure;
  }

  async start(policy: Policy): Promise<void> {
    const connectOptionsFn = () => ({ reconnectPeriod: 20, maxReconnectPeriod: 200 });
    const source = MqttSources.builder()
      .broker(this.from.url)
      .clientId('source')
      .keepSession()
      .topic('in')
      .qualityOfService(2)
      .onSessionLoss(policy)
      .connectOptionsFn(connectOptionsFn)
      .mapToItemFn((_topic, message) => message.toString())
      .build();
    const sink = MqttSinks.builder<string>({ broker: this.to.url, clientId: 'sink', topic: 'out', connectOptionsFn })
      .onSessionLoss(policy)
      .build();
    const pipeline = Pipeline.create();
    pipeline.readFrom(source).writeTo(sink);
    this.#engine = Engine.embedded({ dir: this.#dir });
    this.#failure = undefined;
    this.#job = this.#engine.newJob(pipeline, { name: 'bridge', processingGuarantee: 'exactly-once' });
    this.#job.join().catch((error: MillraceError) => {
      this.#failure = error;
    });
    await this.#job.whenRunning();
  }

  async stop(): Promise<void> {
    await this.#engine?.shutdown();
  }

  publish(texts: readonly string[]): Promise<void> {
    return publishAll({ port: this.from.port, topic: 'in', qos: 2 }, texts);
  }

  /** These came, and these came more than once. */
  async arrived(texts: readonly string[]): Promise<readonly string[]> {
    const seen = () => new Set(this.witness.texts);
    await until(() => texts.every((text) => seen().has(text)), { what: () => `all of ${texts}, has ${[...seen()]}` });
    // what is confirmed has left the store: else it is in doubt, and a policy may send it again
    await until(() => this.#job?.metrics().outboxMessages === 0, { what: 'an empty outbox' });
    await this.witness.untilQuiet(300);
    return [...seen()].filter((text) => this.witness.texts.filter((other) => other === text).length > 1);
  }

  /** The broker is stopped, and its database copied. It runs again when this resolves. */
  async backUp(broker: Mosquitto): Promise<void> {
    await broker.stop();
    copyFileSync(database(broker), backup(broker));
    await broker.start();
  }

  async putBack(broker: Mosquitto): Promise<void> {
    await broker.stop();
    copyFileSync(backup(broker), database(broker));
    await broker.start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.witness.close();
    await Promise.all([this.from.stop(), this.to.stop()]);
  }
}

const database = ({ dir }: Mosquitto): string => join(dir, 'mosquitto.db');
const backup = ({ dir }: Mosquitto): string => join(dir, 'backup.db');

describe('R5c: a broker that is put back to an earlier time (G4)', () => {
  it(
    'the source says so under `fail` and doubles nothing; `redeliver` and `drop` go on with what it has queued',
    LIMIT,
    async () => {
      await using bridge = await Bridge.open();
      await bridge.start('fail');
      await bridge.publish(numbers(0, 10));
      assert.deepEqual(await bridge.arrived(numbers(0, 10)), []);
      await bridge.stop();
      await bridge.publish(numbers(10, 20));
      await bridge.backUp(bridge.from);
      await bridge.start('fail');
      await bridge.publish(numbers(20, 30));
      assert.deepEqual(await bridge.arrived(numbers(0, 30)), []);
      for (const policy of ['redeliver', 'drop'] as const) {
        using told = toldOfSessions();
        await bridge.putBack(bridge.from);
        await until(() => bridge.failure !== undefined, { what: 'the job fails' });
        assert.equal(bridge.failure?.code, 'SESSION_LOST');
        assert.match(bridge.failure?.message ?? '', /the broker went back.*"source"/);
        assert.deepEqual(told.names, ['session-went-back']);
        await bridge.witness.untilQuiet(300);
        const before = bridge.witness.texts.length;
        await bridge.stop();
        await assert.rejects(bridge.start('fail'), { code: 'SESSION_LOST', message: /went back/ });
        assert.equal(bridge.witness.texts.length, before, 'nothing is processed before somebody has decided');
        await bridge.stop();
        await bridge.start(policy);
        await bridge.publish([`new ${policy}`]);
        assert.deepEqual(await bridge.arrived([`new ${policy}`]), numbers(10, 20), 'what it had queued comes again');
        await bridge.stop();
        // the next restore is of a session that is known again
        await bridge.start('fail');
        await bridge.stop();
        await bridge.publish(numbers(10, 20));
        await bridge.backUp(bridge.from);
        await bridge.start('fail');
        await bridge.arrived(numbers(10, 20));
      }
    },
  );

  it(
    'the sink says so under `fail`; `redeliver` and `drop` begin a session anew, and what was delivered is not sent again',
    LIMIT,
    async () => {
      for (const policy of ['redeliver', 'drop'] as const) {
        await using bridge = await Bridge.open();
        await bridge.start('fail');
        await bridge.publish(numbers(0, 10));
        await bridge.arrived(numbers(0, 10));
        await bridge.backUp(bridge.to);
        await bridge.publish(numbers(10, 20));
        await bridge.arrived(numbers(0, 20));
        using told = toldOfSessions();
        await bridge.putBack(bridge.to);
        await until(() => bridge.failure !== undefined, { what: 'the job fails' });
        assert.match(bridge.failure?.message ?? '', /the broker went back.*"sink-0"/);
        assert.deepEqual(told.names, ['session-went-back']);
        await bridge.stop();
        await bridge.start(policy);
        await bridge.publish(numbers(20, 30));
        assert.deepEqual(await bridge.arrived(numbers(0, 30)), []);
        assert.match(
          bridge.to.log.join('\n'),
          /New client connected from \S+ as sink-0 \(p5, c1/,
          'its old session is gone',
        );
        assert.doesNotMatch(bridge.from.log.join('\n'), /as source \(p5, c1/);
        await bridge.stop();
        await bridge.start('fail');
      }
    },
  );

  it('a running job goes on by `redeliver` without a restart of its own', LIMIT, async () => {
    await using bridge = await Bridge.open();
    await bridge.start('redeliver');
    await bridge.publish(numbers(0, 5));
    await bridge.arrived(numbers(0, 5));
    await Promise.all([bridge.backUp(bridge.from), bridge.backUp(bridge.to)]);
    await bridge.publish(numbers(5, 10));
    await bridge.arrived(numbers(0, 10));
    using told = toldOfSessions();
    await Promise.all([bridge.putBack(bridge.from), bridge.putBack(bridge.to)]);
    await bridge.publish(numbers(10, 15));
    assert.deepEqual(await bridge.arrived(numbers(0, 15)), []);
    assert.deepEqual(
      told.names.filter((name) => name !== 'session-verified'),
      ['session-went-back', 'session-went-back'],
    );
    assert.equal(bridge.failure, undefined);
  });
});
