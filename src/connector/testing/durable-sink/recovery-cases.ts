import assert from 'node:assert/strict';
import { MillraceError } from '../../../errors/millrace-error.js';
import { CLOSE_MS, settlesWithin } from '../settles-within.js';
import { upwards } from '../upwards.js';
import type { DurableSinkScenario } from './commit-cases.js';
import type { DurableSinkLimits, DurableSinkScene } from './durable-sink-harness.js';

/** Ended with rows under way: the next one begins at the stored `low` and knows by its state what may have been sent (R12). */
const goesOn = async <T>(scene: DurableSinkScene<T>): Promise<void> => {
  const first = await scene.open();
  scene.add(first, upwards(0, 50));
  await first.drain();
  scene.add(first, upwards(50, 100));
  first.seal();
  first.commit();
  await first.close();
  const second = await scene.open();
  scene.add(second, upwards(100, 120));
  await second.drain();
  await scene.arrived(120);
};

/** A crash between the disk and the process: nothing was sent, and the store cannot tell. They are sent all the same (R7). */
const deliversStored = async <T>(scene: DurableSinkScene<T>): Promise<void> => {
  const first = await scene.open();
  scene.add(first, upwards(0, 20));
  first.seal();
  first.store();
  await first.close();
  await (await scene.open()).drain();
  await scene.arrived(20);
};

/** A crash before the disk: their inputs come again, and make them anew. So none of them may have left (R7). */
const forgetsUncommitted = async <T>(scene: DurableSinkScene<T>): Promise<void> => {
  const first = await scene.open();
  scene.add(first, upwards(0, 20));
  first.seal();
  await first.close();
  await (await scene.open()).drain();
  assert.deepEqual(scene.fixture.received(), []);
};

/** The destination has answered, and no commit has it: what is sent again must be known there as the same (R8, R12). */
const deliversOnce = async <T>(scene: DurableSinkScene<T>): Promise<void> => {
  const first = await scene.open();
  scene.add(first, upwards(0, 30));
  first.seal();
  first.commit();
  await scene.until(() => first.writer.outboxes.some(({ urgency }) => urgency !== 'none'), 'an answer');
  await first.close();
  await (await scene.open()).drain();
  await scene.arrived(30);
};

/** Rule 1 of `OutboxSender`: rows that it does not take stay on the disk, so a destination that is away costs no memory. */
const hasBound = async <T>(scene: DurableSinkScene<T>): Promise<void> => {
  const driver = await scene.open();
  await scene.fixture.hold?.();
  scene.add(driver, upwards(0, 5000));
  driver.seal();
  driver.commit();
  const [outbox] = driver.writer.outboxes;
  assert.ok(outbox !== undefined && outbox.next < 5000, 'no bound');
  await scene.fixture.release?.();
  await driver.drain();
  await scene.arrived(5000);
};

/** Rule 4 of `DurableSinkWriter`: nothing is lost by it, the rows are in the store. */
const closesAtOnce = async <T>(scene: DurableSinkScene<T>): Promise<void> => {
  const driver = await scene.open();
  await scene.fixture.hold?.();
  scene.add(driver, upwards(0, 10));
  driver.seal();
  driver.commit();
  const closing = driver.close();
  const closed = await settlesWithin(closing, CLOSE_MS);
  await scene.fixture.release?.();
  await closing;
  assert.ok(closed, 'close waited');
  await (await scene.open()).drain();
  await scene.arrived(10);
};

/** The engine waits in `ready`, or offers; in both it must learn of the failure. The row is never looked at. */
const tellsFailure = async <T>(scene: DurableSinkScene<T>): Promise<void> => {
  const driver = await scene.open();
  const isOurs = (error: unknown): boolean => error instanceof MillraceError;
  const listening = async (): Promise<never> => {
    for (;;) await driver.writer.ready();
  };
  const failed = assert.rejects(listening(), isOurs);
  await scene.fixture.fail?.();
  await failed;
  const [outbox] = driver.writer.outboxes;
  assert.throws(() => outbox?.offer([{ seq: outbox.next, bytes: new Uint8Array() }]), isOurs);
};

/** What a sink does after a crash, with a destination that does not answer, and when it has failed. */
export const recoveryScenarios = <T>(limits: DurableSinkLimits): readonly DurableSinkScenario<T>[] => {
  const { repeats, holding, failure } = limits;
  return [
    { name: 'a rebuilt sink goes on where the store stands, in order', run: goesOn },
    {
      name: 'rows that were stored, of which the process never heard, are delivered by the next one',
      run: deliversStored,
    },
    { name: 'rows whose commit never became durable are gone with it', run: forgetsUncommitted },
    {
      name: 'completions that were not committed are delivered once all the same',
      skip: repeats,
      run: deliversOnce,
    },
    {
      name: 'takes fewer when nothing is confirmed, and more when there is room again',
      skip: holding,
      run: hasBound,
    },
    {
      name: 'closes without waiting for delivery, and keeps what is not delivered',
      skip: holding,
      run: closesAtOnce,
    },
    { name: 'a failure surfaces from ready and from offer', skip: failure, run: tellsFailure },
  ];
};
