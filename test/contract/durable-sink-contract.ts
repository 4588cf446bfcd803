import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { SinkDefinition } from '../../src/connector/index.js';
import { MillraceError } from '../../src/errors/index.js';
import { LIMIT } from '../support/limits.js';
import { DurableSinkDriver } from '../support/rigs/durable-sink-driver.js';
import { settlesWithin } from '../support/settles-within.js';
import { MemoryOutboxes } from '../support/store/memory-outboxes.js';
import { until } from '../support/until.js';

/** One sink with its destination, for one scenario. */
export interface DurableSinkFixture<T> {
  readonly sink: SinkDefinition<T>;
  /** The item with this number. All items of a scenario go to one destination (MQTT: one topic). */
  item(sequence: number): T;
  /** The numbers of what has arrived, in the order of arrival. */
  received(): readonly number[];
  /** From now on the destination confirms nothing. */
  hold?(): void | Promise<void>;
  /** Undoes `hold`. */
  release?(): void | Promise<void>;
  /** Makes the open sink fail for good. */
  fail?(): void | Promise<void>;
  stop(): Promise<void> | void;
}

/** How to make a sink, and its published limits: a scenario that a limit rules out is shown as skipped, with the limit. */
export interface DurableSinkHarness<T> {
  start(): Promise<DurableSinkFixture<T>>;
  readonly guarantee: 'at-least-once' | 'exactly-once';
  readonly limits: {
    /** Why an item may arrive again after a crash. Absent: it arrives once. */
    readonly repeats?: string;
    /** Why confirmations cannot be held back. Absent: they can. */
    readonly holding?: string;
    /** Why it cannot fail. Absent: it can. */
    readonly failure?: string;
  };
}

const upwards = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index);

/** What a scenario works with. */
interface Scene<T> {
  readonly fixture: DurableSinkFixture<T>;
  /** Opens the sink over what is stored. The one that was open last must be closed. */
  open(signal?: AbortSignal): Promise<DurableSinkDriver<T>>;
  /** Adds the items with these numbers. */
  add(driver: DurableSinkDriver<T>, sequences: readonly number[]): void;
  /** Waits for them, in order. What came again counts once. */
  arrived(count: number): Promise<void>;
}

/** Every scenario that every sink of a job with a store must pass. */
export const durableSinkContract = <T>(name: string, harness: DurableSinkHarness<T>): void => {
  const { limits, guarantee } = harness;
  const scenario = (
    title: string,
    options: { skip?: string | undefined; run: (scene: Scene<T>) => Promise<void> },
  ): void => {
    test(title, { ...LIMIT, ...(options.skip === undefined ? {} : { skip: options.skip }) }, async () => {
      const fixture = await harness.start();
      let store = new MemoryOutboxes();
      const opened: DurableSinkDriver<T>[] = [];
      const scene: Scene<T> = {
        fixture,
        open: async (signal = new AbortController().signal) => {
          store = store.reopen();
          const driver = await DurableSinkDriver.open({ sink: fixture.sink, store, guarantee, signal });
          opened.push(driver);
          return driver;
        },
        add: (driver, sequences) => driver.add(...sequences.map((sequence) => fixture.item(sequence))),
        arrived: async (count) => {
          await until(() => new Set(fixture.received()).size >= count, { what: `${count} items at the destination` });
          assert.deepEqual([...new Set(fixture.received())], upwards(0, count));
          if (limits.repeats === undefined) assert.equal(fixture.received().length, count, 'each once');
        },
      };
      try {
        await options.run(scene);
      } finally {
        for (const driver of opened) await driver.close();
        await fixture.stop();
      }
    });
  };

  describe(`durable sink contract: ${name}`, () => {
    scenario('opens and closes, twice over, and closes twice', {
      run: async ({ open }) => {
        const first = await open();
        await Promise.all([first.close(), first.close()]);
        await first.close();
        await (await open()).close();
      },
    });

    scenario('an abort while opening settles the opening', {
      run: async ({ open }) => {
        const abort = new AbortController();
        const opening = open(abort.signal);
        abort.abort(new MillraceError('ABORTED', 'by the scenario'));
        await (await opening.catch(() => undefined))?.close();
      },
    });

    scenario('its outboxes have names of their own, which stay from run to run', {
      run: async ({ open }) => {
        const names = async (): Promise<string[]> => {
          const driver = await open();
          await driver.close();
          return driver.writer.outboxes.map((outbox) => outbox.name);
        };
        const first = await names();
        assert.ok(first.length > 0);
        assert.equal(new Set(first).size, first.length);
        assert.deepEqual(await names(), first);
      },
    });

    scenario('R7: nothing leaves before the commit', {
      run: async ({ open, add, arrived, fixture }) => {
        const driver = await open();
        add(driver, upwards(0, 3));
        driver.flush();
        driver.seal();
        driver.flush();
        await settlesWithin(driver.writer.ready(), 100);
        assert.deepEqual(fixture.received(), []);
        driver.commit();
        await driver.drain();
        await arrived(3);
      },
    });

    scenario('delivers every item, in order, over many commits', {
      run: async ({ open, add, arrived }) => {
        const driver = await open();
        for (const from of upwards(0, 20)) {
          add(driver, upwards(from * 5, from * 5 + 5));
          driver.seal();
          driver.commit();
        }
        await driver.drain();
        await arrived(100);
      },
    });

    scenario('delivers many items in order', {
      run: async ({ open, add, arrived }) => {
        const driver = await open();
        add(driver, upwards(0, 3000));
        await driver.drain();
        await arrived(3000);
      },
    });

    scenario('takes several snapshots before the first is committed', {
      run: async ({ open, add, arrived }) => {
        const driver = await open();
        for (const from of upwards(0, 5)) {
          add(driver, upwards(from * 10, from * 10 + 10));
          driver.seal();
        }
        for (let commits = 0; commits < 5; commits += 1) driver.commit();
        await driver.drain();
        await arrived(50);
      },
    });

    scenario('the low-water mark never falls, and reaches the end', {
      run: async ({ open, add }) => {
        const driver = await open();
        const [outbox] = driver.writer.outboxes;
        assert.ok(outbox !== undefined);
        add(driver, upwards(0, 200));
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
      },
    });

    scenario('a rebuilt sink goes on where the store stands, in order', {
      run: async ({ open, add, arrived }) => {
        const first = await open();
        add(first, upwards(0, 50));
        await first.drain();
        add(first, upwards(50, 100));
        first.seal();
        first.commit();
        await first.close();
        const second = await open();
        add(second, upwards(100, 120));
        await second.drain();
        await arrived(120);
      },
    });

    scenario('rows that were stored, of which the process never heard, are delivered by the next one', {
      run: async ({ open, add, arrived }) => {
        const first = await open();
        add(first, upwards(0, 20));
        first.seal();
        first.store();
        await first.close();
        const second = await open();
        await second.drain();
        await arrived(20);
      },
    });

    scenario('rows whose commit never became durable are gone with it', {
      run: async ({ open, add, fixture }) => {
        const first = await open();
        add(first, upwards(0, 20));
        first.seal();
        await first.close();
        const second = await open();
        await second.drain();
        assert.deepEqual(fixture.received(), []);
      },
    });

    scenario('completions that were not committed are delivered once all the same', {
      skip: limits.repeats,
      run: async ({ open, add, arrived }) => {
        const first = await open();
        add(first, upwards(0, 30));
        first.seal();
        first.commit();
        await until(() => first.writer.outboxes.some(({ urgency }) => urgency !== 'none'), { what: 'an answer' });
        await first.close();
        const second = await open();
        await second.drain();
        await arrived(30);
      },
    });

    scenario('ready tells of a wish to commit once, and then waits', {
      run: async ({ open, add }) => {
        const driver = await open();
        add(driver, [0]);
        await driver.drain();
        assert.ok(!(await settlesWithin(driver.writer.ready(), 100)), 'there is nothing to do');
      },
    });

    scenario('takes fewer when nothing is confirmed, and more when there is room again', {
      skip: limits.holding,
      run: async ({ open, add, arrived, fixture }) => {
        const driver = await open();
        await fixture.hold?.();
        add(driver, upwards(0, 5000));
        driver.seal();
        driver.commit();
        const [outbox] = driver.writer.outboxes;
        assert.ok(outbox !== undefined && outbox.next < 5000, 'no bound');
        await fixture.release?.();
        await driver.drain();
        await arrived(5000);
      },
    });

    scenario('closes without waiting for delivery, and keeps what is not delivered', {
      skip: limits.holding,
      run: async ({ open, add, arrived, fixture }) => {
        const driver = await open();
        await fixture.hold?.();
        add(driver, upwards(0, 10));
        driver.seal();
        driver.commit();
        const closing = driver.close();
        const closed = await settlesWithin(closing, 3000);
        await fixture.release?.();
        await closing;
        assert.ok(closed, 'close waited');
        await (await open()).drain();
        await arrived(10);
      },
    });

    scenario('a failure surfaces from ready and from offer', {
      skip: limits.failure,
      run: async ({ open, fixture }) => {
        const driver = await open();
        const isOurs = (error: unknown): boolean => error instanceof MillraceError;
        const failed = assert.rejects(
          (async () => {
            for (;;) await driver.writer.ready();
          })(),
          isOurs,
        );
        await fixture.fail?.();
        await failed;
        const [outbox] = driver.writer.outboxes;
        assert.throws(() => outbox?.offer([{ seq: outbox.next, bytes: new Uint8Array() }]), isOurs);
      },
    });
  });
};
