import assert from 'node:assert/strict';
import { MetricsRegistry } from '../../../metrics/metrics-registry.js';
import { openWriter } from '../../guards/guarded-writer.js';
import type { OpenContext } from '../../open-context.js';
import type { SinkDefinition } from '../../sink.js';
import type { SinkWriter } from '../../sink-writer.js';
import type { Until } from '../until.js';
import { upwards } from '../upwards.js';

/** One sink with its destination (a broker and a subscriber, an array), for one case. */
export interface SinkFixture<T> {
  /** Opened in each case, in some twice, one after the other. */
  readonly sink: SinkDefinition<T>;
  /** The item with this number. All items of a case go to one destination (MQTT: one topic). */
  item(sequence: number): T;
  /** The numbers of what has arrived, in the order of arrival. */
  received(): readonly number[];
  /** From now on the destination confirms nothing. */
  hold?(): void | Promise<void>;
  /** Undoes `hold`. What was held back is confirmed. */
  release?(): void | Promise<void>;
  /** Makes the open sink fail for good. */
  fail?(): void | Promise<void>;
  /** Ends everything that `start` began. */
  stop(): Promise<void> | void;
}

/** The published limits of a sink: a case that one rules out is skipped, with the limit. */
export interface SinkLimits {
  /** Why confirmations cannot be held back. Absent: they can, and the fixture has `hold` and `release`. */
  readonly holding?: string;
  /** Why it cannot fail. Absent: it can, and the fixture has `fail`. */
  readonly failure?: string;
  /** Why what arrived cannot be seen. Absent: it can. */
  readonly receipt?: string;
}

/** How to make a sink, and its published limits. */
export interface SinkHarness<T> {
  /** Called once for each case that is not skipped; `stop` of what it gives ends it, however the case has ended. */
  start(): Promise<SinkFixture<T>>;
  /** Empty for a sink that has none. */
  readonly limits: SinkLimits;
  /** Milliseconds that a case waits for what must come; the whole case may take twice that. Default 30,000. */
  readonly patienceMs?: number;
}

/** What a case works with. */
export interface SinkScene<T> {
  /** Made by the harness, for this case alone. */
  readonly fixture: SinkFixture<T>;
  /** Those of the harness: a case asks less where one says so, as where arrivals cannot be seen. */
  readonly limits: SinkLimits;
  /** Waits as long as the patience of the harness. */
  readonly until: Until;
}

/** One case, before it has a fixture. */
export interface SinkScenario<T> {
  /** That of its `ContractCase`. */
  readonly name: string;
  /** The limit that rules it out; absent where none does. */
  readonly skip?: string | undefined;
  /** Rejects where the rule does not hold. It closes what it opens. */
  readonly run: (scene: SinkScene<T>) => Promise<void>;
}

/** Opens the sink of a case, behind the door that an engine puts there: a breach of a rule fails the case by name. */
export const open = <T>(
  { sink }: SinkFixture<T>,
  signal: AbortSignal = new AbortController().signal,
): Promise<SinkWriter<T>> => {
  const context: OpenContext = { job: 'contract', guarantee: 'at-least-once', metrics: new MetricsRegistry(), signal };
  return openWriter(sink.name, () => sink.createWriter(context));
};

/** A case over an open writer, which it closes. */
export const withWriter =
  <T>(run: (scene: SinkScene<T>, writer: SinkWriter<T>) => Promise<void>) =>
  async (scene: SinkScene<T>): Promise<void> => {
    const writer = await open(scene.fixture);
    try {
      await run(scene, writer);
    } finally {
      await writer.close();
    }
  };

/** Writes the items with these numbers, as the engine does it: what is not taken is offered again when `ready` says so. */
export const writeAll = async <T>(
  fixture: SinkFixture<T>,
  writer: SinkWriter<T>,
  sequences: readonly number[],
): Promise<void> => {
  let rest = sequences.map((sequence) => fixture.item(sequence));
  let ready = writer.ready();
  while (rest.length > 0) {
    rest = rest.slice(writer.write(rest));
    writer.flush();
    if (rest.length === 0) return;
    await ready;
    writer.progress();
    ready = writer.ready();
  }
};

/** Waits for `count` deliveries, and no rejection. */
export const delivery = async (writer: SinkWriter<never>, count: number, until: Until): Promise<void> => {
  const isThere = (): boolean => {
    writer.flush();
    const { delivered, rejected } = writer.progress();
    assert.deepEqual(rejected, []);
    return delivered === count;
  };
  await until(isThere, `${count} deliveries`);
};

/** Waits for `count` items at the destination, in order, where that can be seen. */
export const arrived = async <T>({ fixture, limits, until }: SinkScene<T>, count: number): Promise<void> => {
  if (limits.receipt !== undefined) return;
  await until(() => fixture.received().length >= count, `${count} items at the destination`);
  assert.deepEqual(fixture.received(), upwards(0, count));
};
