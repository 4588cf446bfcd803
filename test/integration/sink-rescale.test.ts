import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MillraceError } from '../../src/errors/index.js';
import { Engine, type Job, MqttSinks, Pipeline } from '../../src/index.js';
import { MemoryStores } from '../../src/store/index.js';
import { type FakeBroker, startFakeBroker } from '../support/brokers/fake-broker.js';
import { keepingScript } from '../support/brokers/keeping-broker.js';
import { ManualSource } from '../support/ends/manual-source.js';
import { LIMIT } from '../support/limits.js';
import { until } from '../support/until.js';

const upwards = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, index) => String(from + index));

/** One job that is started with one parallelism after another, on one store, in front of a broker that takes messages or does not. */
class Rescaling {
  /** What the broker has taken, by client. */
  readonly taken = new Map<string, string[]>();
  taking = true;
  readonly source = new ManualSource<string>();
  readonly #broker: FakeBroker;
  /** The QoS 2 flows under way at the broker. */
  readonly #open = new Set<string>();
  readonly #engine = Engine.embedded({ stores: new MemoryStores() });

  constructor(broker: FakeBroker) {
    this.#broker = broker;
    broker.script = {
      ...keepingScript(),
      publish: (client, { packetId, payload }) => {
        if (!this.taking) return;
        const { clientId } = client.connect ?? { clientId: '' };
        if (!this.#open.has(`${clientId} ${packetId}`)) {
          this.taken.set(clientId, [...(this.taken.get(clientId) ?? []), new TextDecoder().decode(payload)]);
        }
        this.#open.add(`${clientId} ${packetId}`);
        client.send({ type: 'pubrec', packetId, reasonCode: 0 });
      },
      pubrel: (client, { packetId }) => {
        this.#open.delete(`${client.connect?.clientId} ${packetId}`);
        client.send({ type: 'pubcomp', packetId, reasonCode: 0 });
      },
    };
  }

  get all(): readonly string[] {
    return [...this.taken.values()].flat().sort((a, b) => Number(a) - Number(b));
  }

  start(parallelism: number): Job {
    const sink = MqttSinks.builder<string>({
      broker: this.#broker.url,
      clientId: 'out',
      messageFn: (item) => ({ topic: `t/${Number(item) % 16}`, payload: item }),
      parallelism,
    }).build();
    const pipeline = Pipeline.create();
    pipeline.readFrom(this.source.source).writeTo(sink);
    return this.#engine.newJob(pipeline, { name: 'rescaled', processingGuarantee: 'exactly-once' });
  }

  /** Gives it messages, and waits until they are in the store. */
  async feed(items: readonly string[]): Promise<void> {
    this.source.push(...items);
    const { length } = this.source.items;
    await until(() => this.source.acknowledged === length);
  }

  async delivered(job: Job): Promise<void> {
    await job.whenRunning();
    await until(() => job.metrics().outboxMessages === 0);
    await job.drain();
  }
}

const refusedFor =
  (...clients: readonly string[]) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof MillraceError);
    assert.equal(error.code, 'JOB_CHANGED');
    assert.deepEqual(error.details.clients, clients);
    for (const client of clients) assert.match(error.message, new RegExp(`\\b${client}\\b`));
    assert.match(error.advice ?? '', /former parallelism/);
    return true;
  };

test(
  'F22: from parallelism 2 to 4 a job goes on with what is in its outboxes, and nothing is lost',
  LIMIT,
  async () => {
    await using broker = await startFakeBroker();
    const rig = new Rescaling(broker);
    rig.taking = false;
    const two = rig.start(2);
    await rig.feed(upwards(0, 64));
    await two.drain();
    assert.equal(two.metrics().outboxMessages, 64);
    rig.taking = true;
    const four = rig.start(4);
    await rig.feed(upwards(64, 128));
    await rig.delivered(four);
    assert.deepEqual(rig.all, upwards(0, 128));
    assert.deepEqual([...rig.taken.keys()].sort(), ['out-0', 'out-1', 'out-2', 'out-3']);
  },
);

test(
  'F22: from 4 to 2 a job is refused while a removed client has messages, and goes on when it has none',
  LIMIT,
  async () => {
    await using broker = await startFakeBroker();
    const rig = new Rescaling(broker);
    rig.taking = false;
    const four = rig.start(4);
    await rig.feed(upwards(0, 64));
    await four.drain();
    rig.taking = true;
    for (let start = 0; start < 2; start += 1) await assert.rejects(rig.start(2).join(), refusedFor('out-2', 'out-3'));
    await rig.delivered(rig.start(4));
    assert.deepEqual(rig.all, upwards(0, 64));
    const two = rig.start(2);
    await rig.feed(upwards(64, 128));
    await rig.delivered(two);
    assert.deepEqual(rig.all, upwards(0, 128));
  },
);
