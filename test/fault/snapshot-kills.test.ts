import assert from 'node:assert/strict';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Mosquitto, startMosquitto } from '../support/brokers/mosquitto.js';
import { buildOnce } from '../support/build-once.js';
import { type Child, startChild } from '../support/child-process.js';
import { publishAll } from '../support/clients/mosquitto-pub.js';
import { startMosquittoSub } from '../support/clients/mosquitto-sub.js';
import { SUITE_LIMIT } from '../support/limits.js';
import { runCli, startCli } from '../support/start-cli.js';
import { tempDir } from '../support/temp-dir.js';
import { until } from '../support/until.js';

const { index } = await buildOnce();
const JOB = fileURLToPath(new URL('../support/kill/snapshot-job.mjs', import.meta.url));
const KEYS = Array.from({ length: 120 }, (_, at) => `key${at}`);

interface Begun {
  readonly name: string;
  readonly reader: string;
  readonly writer: string;
  readonly initialSnapshot?: string;
  readonly onUnknown?: string;
}

/** A directory in which jobs are started, beside a broker and a witness of all that they publish. */
class World {
  readonly dir = tempDir('snapshots');
  readonly broker: Mosquitto;

  constructor(broker: Mosquitto) {
    this.broker = broker;
  }

  start(job: Begun): Child {
    const told = { ...job, index, dir: this.dir, broker: this.broker.url };
    return startChild(process.execPath, [JOB], { env: { SNAPSHOT_JOB: JSON.stringify(told) } });
  }

  publish(keys: readonly string[]): Promise<void> {
    return publishAll({ port: this.broker.port, topic: 'in', qos: 2 }, keys);
  }

  /** Files of a snapshot that is being written. */
  get unfinished(): readonly string[] {
    const directory = join(this.dir, 'snapshots');
    return existsSync(directory) ? readdirSync(directory).filter((name) => name.startsWith('.')) : [];
  }

  async list(): Promise<readonly { readonly name: string; readonly undelivered: number }[]> {
    const { stdout, stderr, code } = await runCli(['snapshots', this.dir, '--json']);
    assert.equal(code, 0, stderr.join('\n'));
    return JSON.parse(stdout[0] ?? '').snapshots;
  }

  /** Kills what `begin` gives while a snapshot is half written; that it was is looked at behind it. */
  async killWhileWriting(begin: () => Child | Promise<Child>): Promise<void> {
    for (let attempt = 0; attempt < 20; attempt += 1) {
      const child = await begin();
      await until(() => this.unfinished.length > 0 || !child.running, { intervalMs: 1 });
      child.signal('SIGKILL');
      await child.exited;
      if (this.unfinished.length > 0) return;
    }
    assert.fail('no snapshot was half written when its process was killed');
  }
}

/** What a witness has seen, as `one key7` with its counts. */
const countsOf = (texts: readonly string[]): ReadonlyMap<string, readonly number[]> => {
  const counts = new Map<string, number[]>();
  for (const text of texts) {
    const [stage, key, count] = text.split(' ');
    const id = `${stage} ${key}`;
    counts.set(id, [...(counts.get(id) ?? []), Number(count)]);
  }
  return counts;
};

test(
  'a snapshot is there whole or not at all, whoever is killed while it is written or read, and the job loses nothing',
  SUITE_LIMIT,
  async () => {
    const broker = await startMosquitto();
    const world = new World(broker);
    const witness = await startMosquittoSub({ port: broker.port, topic: 'out', qos: 2 });
    const first = { name: 'first', reader: 'reader', writer: 'writer' };
    let job = world.start(first);
    await job.waitForLine(/running/);
    await world.publish(KEYS);
    await witness.untilCount(2 * KEYS.length);

    // another process exports beside the job, and is killed
    await world.killWhileWriting(() => startCli(['snapshots', world.dir, '--job', 'first', '--export', 'cut']));
    assert.deepEqual(await world.list(), []);

    // the job itself does, in traffic, and is killed
    let publishing = Promise.resolve();
    let rounds = 1;
    await world.killWhileWriting(async () => {
      if (!job.running) {
        job = world.start(first);
        await job.waitForLine(/running/);
      }
      await publishing;
      publishing = world.publish(KEYS);
      rounds += 1;
      await job.writeLine('export torn');
      return job;
    });
    assert.deepEqual(await world.list(), []);
    await publishing;
    job = world.start(first);
    await job.waitForLine(/running/);
    await witness.untilCount(2 * KEYS.length * rounds);
    await job.writeLine('export whole');
    const exported = JSON.parse(await job.waitForLine(/exported|failed/));
    assert.deepEqual(exported.exported?.stages, ['one', 'two'], exported.message);
    assert.deepEqual(world.unfinished, [], 'what was half written is removed by the next export of the owner');
    assert.deepEqual(
      (await world.list()).map(({ name }) => name),
      ['whole'],
    );
    for (const [id, counts] of countsOf(witness.texts))
      assert.deepEqual(
        counts,
        Array.from({ length: rounds }, (_, at) => at + 1),
        `${id}: each input once`,
      );

    // what comes behind the snapshot is in the state of that job alone
    await world.publish(KEYS.slice(0, 3));
    await witness.untilCount(2 * KEYS.length * rounds + 6);
    // it ends by itself: killed before it has acknowledged them, it would leave them to the one that takes its session over; and nobody
    // connects in between, since mosquitto sends what it had to release on a connection that ends as new on the next (R2b)
    job.endInput();
    await job.exited;

    // a job that begins with it is killed while it takes it over, and begins with it all the same
    const second = { name: 'second', reader: 'reader-2', writer: 'writer-2', initialSnapshot: 'whole' };
    const logOfSecond = (): number => {
      const name = readdirSync(world.dir).find((one) => one.startsWith('job-second-'));
      const log = name === undefined ? undefined : join(world.dir, name, 'partition-0.log');
      if (log === undefined || !existsSync(log)) return 0;
      return readdirSync(log).reduce((sum, file) => sum + statSync(join(log, file)).blocks * 512, 0);
    };
    const begun = world.start(second);
    await until(() => logOfSecond() > 6_000_000, { intervalMs: 1 });
    begun.signal('SIGKILL');
    await begun.exited;
    assert.deepEqual(begun.stdout, [], 'it was killed before it ran');
    const again = world.start(second);
    await again.waitForLine(/running/);
    const before = witness.messages.length;
    await world.publish(KEYS);
    await witness.untilCount(before + 2 * KEYS.length);
    for (const [id, counts] of countsOf(witness.texts.slice(before))) assert.deepEqual(counts, [rounds + 1], id);
    assert.equal(countsOf(witness.texts.slice(before)).size, 2 * KEYS.length);
    await again.end('SIGKILL');

    // what the broker has kept comes to the one that takes it over; what came behind the snapshot before is in no state of it
    await world.publish(KEYS.slice(1, 5));
    const adopting = world.start({ ...first, name: 'fourth', initialSnapshot: 'whole', onUnknown: 'adopt' });
    await adopting.waitForLine(/running/);
    const late = before + 2 * KEYS.length;
    await witness.untilCount(late + 8);
    const counts = countsOf(witness.texts.slice(late));
    for (const key of KEYS.slice(1, 5)) assert.equal(counts.get(`one ${key}`)?.at(-1), rounds + 1, key);
    await adopting.end('SIGKILL');

    // the sessions of the first job are none of a job that begins: that is said, and nothing of them is taken in silence
    const same = world.start({ ...first, name: 'third', initialSnapshot: 'whole' });
    const refused = JSON.parse(await same.waitForLine(/failed|running/));
    assert.equal(refused.failed, 'SESSION_UNKNOWN', JSON.stringify(refused));
    await same.end('SIGKILL');
  },
);
