import assert from 'node:assert/strict';
import { MillraceError } from '../../../errors/millrace-error.js';
import { defineSink } from '../../define-sink.js';
import type { SinkWriter } from '../../sink-writer.js';
import type { ContractCase } from '../contract-case.js';
import { CLOSE_MS, settlesWithin } from '../settles-within.js';
import { boundedCase, DEFAULT_PATIENCE_MS, untilWithin } from '../until.js';
import { upwards } from '../upwards.js';
import {
  arrived,
  delivery,
  open,
  type SinkHarness,
  type SinkLimits,
  type SinkScenario,
  type SinkScene,
  withWriter,
  writeAll,
} from './sink-harness.js';

/** A second opening finds what the first has left: a lock, a listener, a client id that is still in use. */
const opensTwice = async <T>({ fixture }: SinkScene<T>): Promise<void> => {
  await (await open(fixture)).close();
  await (await open(fixture)).close();
};

/** Rule 6: an engine closes at its end and after a failure, and both may come. */
const closesTwice = async <T>({ fixture }: SinkScene<T>): Promise<void> => {
  const writer = await open(fixture);
  await Promise.all([writer.close(), writer.close()]);
  await writer.close();
};

/** `OpenContext.signal`: an opening that hangs keeps its job from ending. It may resolve all the same; then it is closed. */
const settlesWhenAborted = async <T>({ fixture }: SinkScene<T>): Promise<void> => {
  const abort = new AbortController();
  const opening = open(fixture, abort.signal);
  abort.abort(new MillraceError('ABORTED', 'by the case'));
  await (await opening.catch(() => undefined))?.close();
};

/** The same where no event will ever come: the signal has aborted before it is listened to. */
const settlesWhenAbortedBefore = async <T>({ fixture }: SinkScene<T>): Promise<void> => {
  const aborted = AbortSignal.abort(new MillraceError('ABORTED', 'before'));
  await (await open(fixture, aborted).catch(() => undefined))?.close();
};

/** Rule 2: every tick flushes, those without an output too. */
const takesNothing = async <T>(_scene: SinkScene<T>, writer: SinkWriter<T>): Promise<void> => {
  assert.equal(writer.write([]), 0);
  writer.flush();
  assert.deepEqual(writer.progress(), { delivered: 0, rejected: [] });
};

const deliversEach = async <T>(scene: SinkScene<T>, writer: SinkWriter<T>): Promise<void> => {
  await writeAll(scene.fixture, writer, upwards(0, 10));
  await delivery(writer, 10, scene.until);
  await arrived(scene, 10);
};

/** Rule 2: a flush is for all that was taken since the last one, not for the last `write`. */
const deliversSeveralWrites = async <T>(scene: SinkScene<T>, writer: SinkWriter<T>): Promise<void> => {
  for (const sequence of upwards(0, 5)) assert.equal(writer.write([scene.fixture.item(sequence)]), 1);
  writer.flush();
  await delivery(writer, 5, scene.until);
  await arrived(scene, 5);
};

/** Rule 4. It finds a `ready` that is kept from before, and one that tells only of the first progress. */
const isReadyAgain = async <T>(scene: SinkScene<T>, writer: SinkWriter<T>): Promise<void> => {
  for (const sequence of upwards(0, 3)) {
    assert.equal(writer.write([scene.fixture.item(sequence)]), 1);
    writer.flush();
    while (writer.progress().delivered < sequence + 1) await writer.ready();
  }
  await arrived(scene, 3);
};

/** Rule 4. Asked for the second time the progress is still not taken: a sink that tells it once would leave an engine asleep. */
const staysReady = async <T>({ fixture, until }: SinkScene<T>, writer: SinkWriter<T>): Promise<void> => {
  assert.equal(writer.write([fixture.item(0)]), 1);
  writer.flush();
  await writer.ready();
  await writer.ready();
  await delivery(writer, 1, until);
};

/** Rules 1, 4 and 5 together: more than most sinks take at once, so that `write` must take a part and `ready` tell of room. */
const deliversMany = async <T>(scene: SinkScene<T>, writer: SinkWriter<T>): Promise<void> => {
  await writeAll(scene.fixture, writer, upwards(0, 2000));
  await delivery(writer, 2000, scene.until);
  await arrived(scene, 2000);
};

/** Rule 3: an input is acknowledged by it, so what is only sent must not count (R16). */
const deliversWhenConfirmed = async <T>(scene: SinkScene<T>, writer: SinkWriter<T>): Promise<void> => {
  const { fixture, until } = scene;
  await fixture.hold?.();
  await writeAll(fixture, writer, upwards(0, 3));
  await settlesWithin(writer.ready(), 100);
  assert.equal(writer.progress().delivered, 0);
  await fixture.release?.();
  await delivery(writer, 3, until);
  await arrived(scene, 3);
};

/** Rule 1: the only bound of a sink whose destination is away. Behind it nothing is left out, and the order holds. */
const hasBound = async <T>(scene: SinkScene<T>, writer: SinkWriter<T>): Promise<void> => {
  const { fixture, until } = scene;
  await fixture.hold?.();
  const offer = upwards(0, 100_000);
  let written = 0;
  for (let taken = -1; taken !== 0 && written < offer.length; written += taken) {
    taken = writer.write(offer.slice(written, written + 512).map((sequence) => fixture.item(sequence)));
    writer.flush();
  }
  assert.ok(written > 0 && written < offer.length, `took ${written} items unconfirmed: no bound`);
  await fixture.release?.();
  await writeAll(fixture, writer, upwards(written, written + 10));
  await delivery(writer, written + 10, until);
  await arrived(scene, written + 10);
};

/** Rule 6: the engine has drained before, or does not want to. What was not confirmed comes again with its input. */
const closesAtOnce = async <T>({ fixture }: SinkScene<T>): Promise<void> => {
  const writer = await open(fixture);
  await fixture.hold?.();
  writer.write([fixture.item(0)]);
  writer.flush();
  const closing = writer.close();
  const closed = await settlesWithin(closing, CLOSE_MS);
  await fixture.release?.();
  await closing;
  assert.ok(closed, 'close waited');
};

const isOurs = (error: unknown): boolean => error instanceof MillraceError;

/** Rules 1 and 4: the engine waits in `ready`, or writes; in both it must learn of the failure. A `write` on the way there may throw. */
const tellsFailure = async <T>({ fixture }: SinkScene<T>, writer: SinkWriter<T>): Promise<void> => {
  const listening = async (): Promise<never> => {
    for (;;) {
      await writer.ready();
      writer.progress();
    }
  };
  const failed = assert.rejects(listening(), isOurs);
  await fixture.fail?.();
  try {
    writer.write([fixture.item(0)]);
    writer.flush();
  } catch (error) {
    assert.ok(isOurs(error));
  }
  await failed;
  assert.throws(() => writer.write([fixture.item(1)]), isOurs);
};

/** `OpenSink`: a `write` resolves when the item is taken, `close` when it is delivered. */
const worksAlone = async <T>(scene: SinkScene<T>): Promise<void> => {
  const stream = await defineSink(scene.fixture.sink).open();
  const writer = stream.getWriter();
  for (const sequence of upwards(0, 20)) await writer.write(scene.fixture.item(sequence));
  await writer.close();
  await arrived(scene, 20);
};

const scenariosOf = <T>({ holding, failure }: SinkLimits): readonly SinkScenario<T>[] => [
  { name: 'opens and closes, twice over', run: opensTwice },
  { name: 'closes twice', run: closesTwice },
  { name: 'an abort while opening settles the opening', run: settlesWhenAborted },
  { name: 'opening with an aborted signal settles too', run: settlesWhenAbortedBefore },
  { name: 'writing nothing takes nothing', run: withWriter(takesNothing) },
  { name: 'delivers every item, in order', run: withWriter(deliversEach) },
  { name: 'delivers what several writes and one flush gave it', run: withWriter(deliversSeveralWrites) },
  { name: 'ready tells of progress, again and again', run: withWriter(isReadyAgain) },
  { name: 'ready resolves at once while there is progress that nobody has taken', run: withWriter(staysReady) },
  { name: 'delivers many items in order', run: withWriter(deliversMany) },
  {
    name: 'an item is delivered only when its destination has confirmed it',
    skip: holding,
    run: withWriter(deliversWhenConfirmed),
  },
  {
    name: 'takes fewer when nothing is confirmed, and more when there is room again',
    skip: holding,
    run: withWriter(hasBound),
  },
  { name: 'closes without waiting for delivery', skip: holding, run: closesAtOnce },
  { name: 'a failure surfaces from ready and from write', skip: failure, run: withWriter(tellsFailure) },
  { name: 'works without an engine: closing the stream waits for delivery', run: worksAlone },
];

/**
 * Every case that every sink must pass: the rules of `SinkWriter`. One with a `createDurableWriter` runs `durableSinkCases` as well, and
 * one without may: it is what users of a store get.
 */
export const sinkCases = <T>(harness: SinkHarness<T>): readonly ContractCase[] =>
  scenariosOf<T>(harness.limits).map((scenario) => ({
    name: scenario.name,
    skip: scenario.skip,
    run: () => play(harness, scenario),
  }));

const play = async <T>(harness: SinkHarness<T>, { run }: SinkScenario<T>): Promise<void> => {
  const { limits, patienceMs = DEFAULT_PATIENCE_MS } = harness;
  const fixture = await harness.start();
  try {
    await boundedCase(patienceMs, () => run({ fixture, limits, until: untilWithin(patienceMs) }));
  } finally {
    await fixture.stop();
  }
};
