import assert from 'node:assert/strict';
import type { SourceReader } from '../../source-reader.js';
import { settlesWithin } from '../settles-within.js';
import { upwards } from '../upwards.js';
import type { SourceLimits, SourceScenario, SourceScene } from './source-harness.js';
import { commit, open, positionOf, take, withReader } from './take.js';

/** Rule 3: a snapshot alone answers nobody, since the commit that it is for may fail. */
const acknowledgesLater = async <T>({ fixture, until }: SourceScene<T>, reader: SourceReader<T>): Promise<void> => {
  await fixture.produce(10);
  const taken = await take(fixture, reader, { count: 10 });
  reader.snapshot(taken.last);
  await settlesWithin(reader.ready(), 100);
  assert.equal(await fixture.acknowledged?.(), 0);
  commit(reader, taken.last);
  await until(async () => (await fixture.acknowledged?.()) === 10, 'ten acknowledgements');
};

/** Rule 3. It finds a source that acknowledges whole polls, and one that counts items where it should compare positions. */
const acknowledgesPrefix = async <T>({ fixture, until }: SourceScene<T>, reader: SourceReader<T>): Promise<void> => {
  await fixture.produce(10);
  const taken = await take(fixture, reader, { count: 10 });
  commit(reader, positionOf(taken, 3));
  await until(async () => (await fixture.acknowledged?.()) === 4, 'four acknowledgements');
  await settlesWithin(reader.ready(), 50);
  assert.equal(await fixture.acknowledged?.(), 4);
  commit(reader, taken.last);
  await until(async () => (await fixture.acknowledged?.()) === 10, 'ten acknowledgements');
};

/** Rules 4 and 5. It is the whole of at-least-once: what nobody committed comes again, and nothing before it. */
const givesAgain = async <T>({ fixture }: SourceScene<T>): Promise<void> => {
  const reader = await open(fixture);
  await fixture.produce(10);
  const taken = await take(fixture, reader, { count: 10 });
  commit(reader, positionOf(taken, 3));
  await reader.close();
  const again = await open(fixture);
  try {
    assert.deepEqual((await take(fixture, again, { count: 6 })).sequences, upwards(4, 10));
  } finally {
    await again.close();
  }
};

/** Rule 5: `close` keeps what the origin keeps for us (MQTT: the session, R15). */
const givesWhatCame = async <T>({ fixture }: SourceScene<T>): Promise<void> => {
  const reader = await open(fixture);
  await fixture.produce(2);
  commit(reader, (await take(fixture, reader, { count: 2 })).last);
  await reader.close();
  await fixture.produce(4);
  const again = await open(fixture);
  try {
    assert.deepEqual((await take(fixture, again, { count: 4 })).sequences, upwards(2, 6));
  } finally {
    await again.close();
  }
};

/** Cases of sources whose origin remembers what is not acknowledged. */
export const acknowledgementScenarios = <T>({
  acknowledgement,
  redelivery,
}: SourceLimits): readonly SourceScenario<T>[] => [
  {
    name: 'acknowledges nothing before it is committed',
    items: 10,
    skip: acknowledgement,
    run: withReader(acknowledgesLater),
  },
  {
    name: 'acknowledges exactly the committed prefix',
    items: 10,
    skip: acknowledgement,
    run: withReader(acknowledgesPrefix),
  },
  {
    name: 'gives again, in order, what was not committed when it closed',
    items: 10,
    skip: redelivery,
    run: givesAgain,
  },
  { name: 'gives what came while it was closed', items: 6, skip: redelivery, run: givesWhatCame },
];
