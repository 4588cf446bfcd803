import assert from 'node:assert/strict';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startMosquitto } from '../support/brokers/mosquitto.js';
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
const KEYS = Array.from({ length: 60 }, (_, at) => `key${at}`);
const ROUNDS = 8;

test(
  'a copy beside the job is as of one commit, whoever is killed meanwhile, and is refused until somebody accepts its age',
  SUITE_LIMIT,
  async () => {
    const place = tempDir('backup');
    const dir = join(place, 'state');
    const broker = await startMosquitto();
    const witness = await startMosquittoSub({ port: broker.port, topic: 'out', qos: 2 });
    const start = (job: Readonly<Record<string, string>>): Child =>
      startChild(process.execPath, [JOB], {
        env: { SNAPSHOT_JOB: JSON.stringify({ index, broker: broker.url, ...job }) },
      });
    const first = { name: 'first', reader: 'reader', writer: 'writer', dir };
    const publish = (keys: readonly string[]) => publishAll({ port: broker.port, topic: 'in', qos: 2 }, keys);

    let job = start(first);
    await job.waitForLine(/running/);
    await publish(KEYS);
    await witness.untilCount(2 * KEYS.length);

    // in traffic: it goes on over snapshots of the store, behind which the log is trimmed
    const traffic = (async () => {
      for (let round = 1; round < ROUNDS; round += 1) await publish(KEYS);
    })();
    const copies: string[] = [];
    for (let at = 0; at < 3; at += 1) {
      const copy = join(place, `live-${at}`);
      const { code, stderr, stdout } = await runCli(['backup', dir, copy, '--json']);
      assert.equal(code, 0, stderr.join('\n'));
      assert.equal(JSON.parse(stdout[0] ?? '').partitions[0].job, 'first');
      copies.push(copy);
    }

    /** A process that stands still in the middle of its copy: how long one takes is not for a test to know. */
    const halfCopied = async (copy: string): Promise<Child> => {
      for (let attempt = 0; attempt < 20; attempt += 1) {
        rmSync(copy, { recursive: true, force: true });
        const copying = startCli(['backup', dir, copy]);
        await until(() => existsSync(`${copy}.unfinished`) || !copying.running, { intervalMs: 1 });
        copying.signal('SIGSTOP');
        if (existsSync(`${copy}.unfinished`)) return copying;
        copying.signal('SIGCONT');
        await copying.exited;
      }
      return assert.fail('no copy was met in its middle');
    };

    // the process that copies is killed: there is no copy, and the next one takes its place
    const torn = join(place, 'torn');
    await (await halfCopied(torn)).end('SIGKILL');
    assert.equal(existsSync(`${torn}.unfinished`), true);
    assert.equal(existsSync(torn), false);
    assert.equal((await runCli(['backup', dir, torn])).code, 0);
    assert.equal(existsSync(`${torn}.unfinished`), false);
    copies.push(torn);

    // the owner is
    const widowed = join(place, 'widowed');
    const copying = await halfCopied(widowed);
    job.signal('SIGKILL');
    await job.exited;
    assert.equal(existsSync(widowed), false, 'its owner was killed while it was copied');
    copying.signal('SIGCONT');
    assert.equal((await copying.exited).code, 0, copying.stderr.join('\n'));
    copies.push(widowed);

    job = start(first);
    await job.waitForLine(/running/);
    await traffic;
    await witness.untilCount(2 * KEYS.length * ROUNDS);
    const seen = new Map<string, number[]>();
    for (const text of witness.texts) {
      const id = text.split(' ').slice(0, 2).join(' ');
      seen.set(id, [...(seen.get(id) ?? []), Number(text.split(' ')[2])]);
    }
    for (const [id, counts] of seen)
      assert.deepEqual(
        counts,
        Array.from({ length: ROUNDS }, (_, at) => at + 1),
        `${id}: each input once`,
      );
    await job.end();

    // each copy has both stages as of one commit: what its state says next is the same for both
    for (const [at, copy] of copies.entries()) {
      const looked = await runCli(['snapshots', copy, '--job', 'first', '--export', 'of-copy']);
      assert.equal(looked.code, 0, looked.stderr.join('\n'));
      const refused = start({ ...first, dir: copy });
      const told = JSON.parse(await refused.waitForLine(/failed|running/));
      assert.equal(told.failed, 'INVALID_STATE');
      assert.match(told.message, /is a backup: it is older than what the brokers know/);
      await refused.end('SIGKILL');
      rmSync(join(copy, 'backup.json'));
      const own = { name: 'check', reader: `reader-${at}`, writer: `writer-${at}`, dir: copy };
      const checking = start({ ...own, initialSnapshot: 'of-copy' });
      await checking.waitForLine(/running/);
      const before = witness.messages.length;
      await publish(KEYS);
      await witness.untilCount(before + 2 * KEYS.length);
      const next = new Map(
        witness.texts.slice(before).map((text) => [text.slice(0, text.lastIndexOf(' ')), text.split(' ')[2]]),
      );
      for (const key of KEYS) {
        const count = next.get(`one ${key}`);
        assert.equal(count, next.get(`two ${key}`), `${copy}: ${key}`);
        assert.ok(Number(count) >= 2 && Number(count) <= ROUNDS + 1, `${copy}: ${key} ${count}`);
      }
      await checking.end('SIGKILL');
    }

    // the job has been started since the first copy was taken: its broker says that this one is of an earlier time
    const [live = ''] = copies;
    const restored = start({ ...first, dir: live });
    const lost = JSON.parse(await restored.waitForLine(/failed|running/));
    assert.equal(lost.failed, 'SESSION_LOST', JSON.stringify(lost));
    await restored.end('SIGKILL');
  },
);
