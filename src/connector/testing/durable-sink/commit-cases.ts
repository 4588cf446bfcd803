import assert from 'node:assert/strict';
import { MillraceError } from '../../../errors/millrace-error.js';
import { settlesWithin } from '../settles-within.js';
import { upwards } from '../upwards.js';
import type { DurableSinkScene } from './durable-sink-harness.js';

/** One case, before it has a fixture. */
export interface DurableSinkScenario<T> {
  /** That of its `ContractCase`. */
  readonly name: string;
  /** The limit that rules it out; absent where none does. */
  readonly skip?: string | undefined;
  /** Rejects where the rule does not hold. What it leaves open the scene closes. */
  readonly run: (scene: DurableSinkScene<T>) => Promise<void>;
}

const opensAndCloses = async <T>(scene: DurableSinkScene<T>): Promise<void> => {
  const first = await scene.open();
  await Promise.all([first.close(), first.close()]);
  await first.close();
  await (await scene.open()).close();
};

/** `OpenContext.signal`: an opening that hangs keeps its job from ending. It may resolve all the same; then it is closed. */
const settlesWhenAborted = async <T>(scene: DurableSinkScene<T>): Promise<void> => {
  const abort = new AbortController();
  const opening = scene.open(abort.signal);
  abort.abort(new MillraceError('ABORTED', 'by the case'));
  await (await opening.catch(() => undefined))?.close();
};

/** The store knows an outbox by its name: under another one its rows would be nobody's, and the job refused (JOB_CHANGED). */
const keepsNames = async <T>(scene: DurableSinkScene<T>): Promise<void> => {
  const names = async (): Promise<string[]> => {
    const driver = await scene.open();
    await driver.close();
    return driver.writer.outboxes.map((outbox) => outbox.name);
  };
  const first = await names();
  assert.ok(first.length > 0);
  assert.equal(new Set(first).size, first.length);
  assert.deepEqual(await names(), first);
};

/** Invariant 1: neither `prepare` nor the snapshot of the commit lets anything out, only that it is durable. */
const waitsForCommit = async <T>(scene: DurableSinkScene<T>): Promise<void> => {
  const driver = await scene.open();
  scene.add(driver, upwards(0, 3));
  driver.flush();
  driver.seal();
  driver.flush();
  await settlesWithin(driver.writer.ready(), 100);
  assert.deepEqual(scene.fixture.received(), []);
  driver.commit();
  await driver.drain();
  await scene.arrived(3);
};

const deliversOverCommits = async <T>(scene: DurableSinkScene<T>): Promise<void> => {
  const driver = await scene.open();
  for (const from of upwards(0, 20)) {
    scene.add(driver, upwards(from * 5, from * 5 + 5));
    driver.seal();
    driver.commit();
  }
  await driver.drain();
  await scene.arrived(100);
};

/** More than most senders take at once: what `offer` leaves is offered again. */
const deliversMany = async <T>(scene: DurableSinkScene<T>): Promise<void> => {
  const driver = await scene.open();
  scene.add(driver, upwards(0, 3000));
  await driver.drain();
  await scene.arrived(3000);
};

/** Rule 2 of `OutboxSender`: each mark lets out what was under it, in the order of the commits (R8a). */
const takesSeveralSnapshots = async <T>(scene: DurableSinkScene<T>): Promise<void> => {
  const driver = await scene.open();
  for (const from of upwards(0, 5)) {
    scene.add(driver, upwards(from * 10, from * 10 + 10));
    driver.seal();
  }
  for (let commits = 0; commits < 5; commits += 1) driver.commit();
  await driver.drain();
  await scene.arrived(50);
};

/** The engine removes what lies below: a `low` that runs ahead loses rows, one that stops short fills the outbox (R11). */
const raisesLow = async <T>(scene: DurableSinkScene<T>): Promise<void> => {
  const driver = await scene.open();
  const [outbox] = driver.writer.outboxes;
  assert.ok(outbox !== undefined);
  scene.add(driver, upwards(0, 200));
  let low = 0;
  await driver.runUntil(() => {
    const snapshot = outbox.snapshot(200);
    outbox.committed(snapshot.mark);
    assert.ok(snapshot.low >= low && snapshot.low <= 200, `low went from ${low} to ${snapshot.low}`);
    low = snapshot.low;
    return low === 200;
  });
  assert.equal(outbox.next, 200);
  assert.deepEqual(outbox.snapshot(200).refused, []);
};

/** Rule 3 of `DurableSinkWriter`. A sink that stays ready makes the engine commit without end. */
const isReadyOnce = async <T>(scene: DurableSinkScene<T>): Promise<void> => {
  const driver = await scene.open();
  scene.add(driver, [0]);
  await driver.drain();
  assert.ok(!(await settlesWithin(driver.writer.ready(), 100)), 'there is nothing to do');
};

/** Rule 4 of `OutboxSender`. An engine would hold its commits back for what never comes. */
const isOwedNothing = async <T>(scene: DurableSinkScene<T>): Promise<void> => {
  const driver = await scene.open();
  const awaited = (): readonly unknown[] => driver.writer.outboxes.map((outbox) => outbox.awaited);
  const none = driver.writer.outboxes.map(() => 0);
  assert.deepEqual(awaited(), none, 'nothing was let out');
  scene.add(driver, upwards(0, 50));
  await driver.drain();
  assert.deepEqual(awaited(), none, 'everything is delivered');
};

/** What a sink does with the commits of one run. */
export const commitScenarios = <T>(): readonly DurableSinkScenario<T>[] => [
  { name: 'opens and closes, twice over, and closes twice', run: opensAndCloses },
  { name: 'an abort while opening settles the opening', run: settlesWhenAborted },
  { name: 'its outboxes have names of their own, which stay from run to run', run: keepsNames },
  { name: 'R7: nothing leaves before the commit', run: waitsForCommit },
  { name: 'delivers every item, in order, over many commits', run: deliversOverCommits },
  { name: 'delivers many items in order', run: deliversMany },
  { name: 'takes several snapshots before the first is committed', run: takesSeveralSnapshots },
  { name: 'the low-water mark never falls, and reaches the end', run: raisesLow },
  { name: 'ready tells of a wish to commit once, and then waits', run: isReadyOnce },
  { name: 'no answer is awaited before something was let out, nor when all is delivered', run: isOwedNothing },
];
