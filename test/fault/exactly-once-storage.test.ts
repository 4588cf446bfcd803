import assert from 'node:assert/strict';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fullRun } from '../support/full-run.js';
import { assertOnce } from '../support/kill/kill-assert.js';
import { type KillBroker, startKillBroker } from '../support/kill/kill-brokers.js';
import { launch } from '../support/kill/kill-launch.js';
import { KillRig, type KillRun } from '../support/kill/kill-rig.js';
import { smallDisk, smallDiskProblem } from '../support/kill/kill-small-disk.js';
import { damageText, storeFile, truncateStore } from '../support/kill/kill-store.js';
import { untilComplete } from '../support/kill/kill-strike.js';
import { millraceBridge } from '../support/kill/kill-system.js';
import { LIMIT, SUITE_LIMIT } from '../support/limits.js';
import { straceProblem, withSlowFlush } from '../support/strace-inject.js';
import { tempDir } from '../support/temp-dir.js';
import { until } from '../support/until.js';

/*
 * The disk fails: it is full (D2), has torn and flipped bytes (D6, D7, D8), a store that is
 * gone (D9), old (D10) or somebody else's (D11). Nothing is acknowledged that is not stored, so nothing is lost.
 */

const COUNT = 60;

describe('exactly-once on a disk that fails', SUITE_LIMIT, () => {
  let from: KillBroker;
  let to: KillBroker;
  before(async () => {
    [from, to] = await Promise.all([startKillBroker('durable'), startKillBroker('durable')]);
  });
  after(() => Promise.all([from.mosquitto.stop(), to.mosquitto.stop()]));

  const open = (more: Partial<KillRun> = {}) => KillRig.open({ system: millraceBridge(), from, to, ...more });

  it('the faults of the disk can be injected here', (t) => {
    const problem = faultProblem();
    if (problem === undefined) return;
    // Where all is to run, what cannot run is no success.
    assert.ok(!fullRun || process.platform !== 'linux', problem);
    t.skip(problem);
  });

  it('D2 a full disk: the job says so, nothing is lost, and it goes on when there is room', {
    ...LIMIT,
    skip: smallDiskProblem() ?? false,
  }, async () => {
    const disk = smallDisk(2 * 1024 * 1024);
    await using rig = await open({ dir: join(disk, 'store'), proxied: true, padding: 2_000 });
    await rig.start();
    // The outbox has to keep what comes.
    rig.proxies?.to.refuse();
    rig.proxies?.to.cutAll('rst');
    await rig.load.send(3_000);
    await rig.process.waitForLine(/the job failed: cannot write/);
    await rig.kill();
    rig.proxies?.to.heal();
    smallDisk(200 * 1024 * 1024, disk);
    await rig.start();
    assertOnce(await rig.settle());
  });

  /** A store that has undelivered messages, and nobody who uses it. */
  const withBacklog = async () => {
    const rig = await open({ proxied: true });
    await rig.start();
    assert.ok(rig.proxies);
    const { from, to } = rig.proxies;
    to.refuse();
    to.cutAll('rst');
    await rig.load.send(COUNT);
    await rig.load.settle();
    // PUBCOMP goes out when a later commit is durable (R3): what is damaged in the last one may be the end of one that was never durable
    await until(() => from.count('client', 'pubcomp') >= COUNT, { what: 'PUBCOMP for every message' });
    await rig.kill();
    to.heal();
    return rig;
  };

  it(
    'D7, D8 a flipped byte in a stored message: the job refuses to start, and delivers nothing damaged',
    LIMIT,
    async () => {
      await using rig = await withBacklog();
      damageText(rig.ends, rig.load.sent[7]?.text ?? '');
      const child = await rig.spawn();
      const { code } = await child.exited;
      assert.equal(code, 1);
      assert.match(rig.tail(), /Restore the directory from a backup/);
      assert.deepEqual(rig.report().phantoms, []);
      assert.equal(rig.report().duplicates, 0);
    },
  );

  it('D6 a torn end of the file: the job refuses to start, or nothing was torn that it needs', LIMIT, async () => {
    await using rig = await withBacklog();
    truncateStore(rig.ends, 3000);
    const child = await rig.spawn();
    const running = child.waitForLine(/RUNNING/).then(
      () => true,
      () => false,
    );
    if (await running) assertOnce(await rig.settle());
    else {
      assert.equal((await child.exited).code, 1);
      assert.match(rig.tail(), /Restore the directory from a backup/);
    }
  });

  it('A14, D13 on a slow disk a full window waits for its commit; killed there, it loses and doubles nothing', {
    ...LIMIT,
    skip: straceProblem() ?? false,
  }, async () => {
    const broker = await startKillBroker('durable', { config: ['max_inflight_messages 1000'] });
    await using rig = await KillRig.open({ system: millraceBridge(), from: broker, to, proxied: true });
    await rig.start();
    await rig.end();
    await rig.load.send(1_500);
    await rig.load.settle();
    await rig.start(withSlowFlush(storeFile(rig.ends), 400));
    const proxy = rig.proxies?.from;
    assert.ok(proxy);
    const waiting = () => proxy.count('server', 'publish') - proxy.count('client', 'pubrec');
    await until(() => waiting() >= 900, { what: () => `a full window, ${waiting()} wait` });
    await rig.kill();
    await rig.start();
    assertOnce(await rig.settle());
    assert.deepEqual(await rig.end(), { code: 0, signal: null });
    await broker.mosquitto.stop();
  });

  it(
    'D9 the store is gone and the session is not: the job refuses to start, and takes the session over when told',
    LIMIT,
    async () => {
      await using rig = await open();
      await rig.start();
      await rig.load.send(COUNT);
      await untilComplete(rig);
      await rig.end();
      rmSync(rig.ends.dir, { recursive: true });
      await rig.load.send(COUNT);
      await rig.load.settle();
      const { code } = await (await rig.spawn()).exited;
      assert.equal(code, 1);
      assert.match(rig.tail(), /session/i);
      assert.match(rig.tail(), /adopt/);
      await rig.start((plain) => ({ ...plain, args: [...plain.args, '--adopt-session'] }));
      assertOnce(await rig.settle());
    },
  );

  it('D10, F21 the store of an earlier day: found out before anything goes out', LIMIT, async () => {
    await using rig = await open();
    await rig.start();
    await rig.load.send(COUNT);
    await untilComplete(rig);
    await rig.end();
    const backup = join(tempDir('backup'), 'store');
    cpSync(rig.ends.dir, backup, { recursive: true });
    await rig.start();
    await rig.load.send(COUNT);
    await untilComplete(rig);
    await rig.end();
    rmSync(rig.ends.dir, { recursive: true });
    cpSync(backup, rig.ends.dir, { recursive: true });
    const { code } = await (await rig.spawn()).exited;
    assert.equal(code, 1);
    assert.match(rig.tail(), /the session of \S+ is lost/);
    assertOnce(rig.report());
  });

  it('D11 a second process on the same store is refused and does not disturb the first', LIMIT, async () => {
    await using rig = await open();
    const first = await rig.start();
    const second = launch(await rig.run.system.launch(rig.ends));
    const { code } = await second.exited;
    assert.equal(code, 1);
    assert.match(second.stderr.join('\n'), /has an owner/);
    await rig.load.send(COUNT);
    assertOnce(await rig.settle());
    assert.ok(first.running);
  });
});

/** Why cells of this file and of the sweeps are skipped; undefined when none is. */
function faultProblem(): string | undefined {
  const problems = [straceProblem(), smallDiskProblem()].filter((problem) => problem !== undefined);
  return problems.length === 0 ? undefined : `without the faults of the disk: ${problems.join('; ')}`;
}
