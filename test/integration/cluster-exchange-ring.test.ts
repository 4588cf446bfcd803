import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, it } from 'node:test';
import { Pipeline } from '../../src/index.js';
import { type Mosquitto, startMosquitto } from '../support/brokers/mosquitto.js';
import { onCleanup } from '../support/cleanup.js';
import { watchOut } from '../support/cluster/broker-ends.js';
import { DEVICES, KEYED_JOB, KeyedRig, lines, readings, upTo } from '../support/cluster/keyed-rig.js';
import { SUITE_LIMIT } from '../support/limits.js';
import { until } from '../support/until.js';

/*
 * Back-pressure over exchanges in a ring: each partition sends to each at each of three groupings, and all outboxes are full. What is in them can
 * leave only if a full outbox keeps nobody from taking what others have for him.
 */

const HOPS = 3;
/** More than all outboxes have room for, and what is in flight. */
const ROUNDS = 60;

interface Hop {
  readonly device: string;
  readonly number: number;
  readonly counts: readonly number[];
}

/** Counts the readings of a device at each hop, each time in the partition of another key. */
const hopping = (broker: Mosquitto, out: Mosquitto): Pipeline => {
  const pipeline = Pipeline.create();
  let stage = pipeline
    .readFrom(readings(broker).spread('shared').build())
    .map(({ device, number }): Hop => ({ device, number, counts: [] }));
  for (let hop = 0; hop < HOPS; hop += 1) {
    stage = stage
      .groupingKey(({ device }) => `${device} at ${hop}`)
      .setName(`hop ${hop}`)
      .mapStateful(
        () => ({ seen: 0 }),
        (state, _, { device, number, counts }): Hop => {
          state.seen += 1;
          return { device, number, counts: [...counts, state.seen] };
        },
      )
      .setName(`count ${hop}`);
  }
  stage
    .map(({ device, counts }) => `${device} ${counts.join(' ')}`)
    .writeTo(lines(out))
    .setName('out');
  return pipeline;
};

/** How often an outbox of each sink was told to be full. */
const watchFull = (): ReadonlyMap<string, number> => {
  const full = new Map<string, number>();
  const listener = (message: unknown): void => {
    const { sink } = Object(message);
    full.set(sink, (full.get(sink) ?? 0) + 1);
  };
  subscribe('millrace:outbox-full', listener);
  onCleanup(() => void unsubscribe('millrace:outbox-full', listener));
  return full;
};

describe('a ring of full outboxes', SUITE_LIMIT, () => {
  it('empties itself once what is behind it takes something, and each item is through once', async () => {
    const rig = await KeyedRig.start();
    const out = await startMosquitto();
    const seen = await watchOut(out);
    const full = watchFull();
    const { job } = rig.node(hopping(rig.broker, out), { maxOutboxMessages: 4 });
    await job.whenRunning();
    out.suspend();
    // else it would be waited for at the end of a test that failed
    onCleanup(() => out.resume());
    await rig.send(ROUNDS);
    // the first fills up in every partition, as all read; behind it one that takes nothing is enough to stop the others
    const isFull = () => (full.get('exchange hop 0') ?? 0) >= KEYED_JOB.partitions;
    await until(() => isFull() && ['exchange hop 1', 'exchange hop 2', 'meters-out'].every((sink) => full.has(sink)), {
      what: 'full outboxes',
    });
    assert.deepEqual(seen, []);
    out.resume();
    await until(() => seen.length >= DEVICES * ROUNDS);
    const wanted = upTo(DEVICES).flatMap((device) =>
      upTo(ROUNDS, 1).map((count) => `in/${device} ${[count, count, count].join(' ')}`),
    );
    assert.deepEqual(seen.toSorted(), wanted.toSorted());
  });
});
