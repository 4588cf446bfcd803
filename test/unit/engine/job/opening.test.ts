import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { OpenContext, Sink, Source } from '../../../../src/connector/index.js';
import { MillraceError } from '../../../../src/errors/index.js';
import { Engine, type Job, Pipeline } from '../../../../src/index.js';
import { deferred } from '../../../../src/internal/deferred.js';
import { MemoryStores } from '../../../../src/store/index.js';
import {
  senderWriter,
  sinkOf,
  sourceOf,
  TextSender,
  textReader,
  textWriter,
} from '../../../support/ends/broken-ends.js';
import { SUITE_LIMIT } from '../../../support/limits.js';
import { Told } from '../../../support/told.js';

/** Opens a port as the test wants it. */
type Opening = <P extends object>(port: P, context: OpenContext) => Promise<P>;

interface Place {
  readonly part: string;
  readonly stored: boolean;
  readonly source: (opening: Opening) => Source<string>;
  readonly sink: (opening: Opening) => Sink<string>;
}

const plainSource = sourceOf(() => textReader([]));
const plainSink = sinkOf(textWriter, () => senderWriter(new TextSender()));

const lateReader = {
  part: 'source "crooked"',
  source: (opening: Opening): Source<string> => ({
    ...plainSource,
    createReader: (context) => opening(textReader([]), context),
  }),
  sink: () => plainSink,
};

const lateWriter = {
  part: 'sink "bent"',
  source: () => plainSource,
  sink: (opening: Opening): Sink<string> => ({
    ...plainSink,
    createWriter: (context) => opening(textWriter(), context),
    createDurableWriter: (context) => opening(senderWriter(new TextSender()), context),
  }),
};

const PLACES: Readonly<Record<string, Place>> = {
  createReader: { ...lateReader, stored: false },
  'createReader, with a store': { ...lateReader, stored: true },
  createWriter: { ...lateWriter, stored: false },
  createDurableWriter: { ...lateWriter, stored: true },
};

/** A job of which one port is opened so, once that has begun. */
async function openingJob(name: string, place: Place, opening: Opening): Promise<Job> {
  const begun = deferred<void>();
  const tellBegun: Opening = (port, context) => {
    begun.resolve();
    return opening(port, context);
  };
  const pipeline = Pipeline.create();
  pipeline.readFrom(place.source(tellBegun)).writeTo(place.sink(tellBegun));
  const engine = Engine.embedded(place.stored ? { stores: new MemoryStores() } : {});
  const processingGuarantee = place.stored ? 'exactly-once' : 'at-least-once';
  const job = engine.newJob(pipeline, { name, processingGuarantee });
  await begun.promise;
  return job;
}

const inAllPlaces = (run: (place: Place) => Promise<void>): Promise<unknown> =>
  Promise.all(Object.values(PLACES).map(run));

const ENDS: Readonly<Record<string, (job: Job) => Promise<unknown>>> = {
  cancel: (job) => job.cancel(),
  drain: (job) => job.drain(),
  suspend: (job) => job.suspend(),
};

const never: Opening = () => new Promise(() => {});

/** What was told of jobs of this name. */
const factsOf = (told: Told, name: string) =>
  told.events
    .map(({ data }) => data as { job: string; part: string; error: { code: string; message: string } })
    .filter(({ job }) => job === name);

// at the same time: each waits for as long as an opening is waited for
const TOGETHER = { ...SUITE_LIMIT, concurrency: true };

describe('a source or a sink whose opening does not listen to its signal', TOGETHER, () => {
  it('keeps no job from ending, and is told', async () => {
    using told = new Told('close-failed');
    await inAllPlaces(async (place) => {
      await Promise.all(Object.values(ENDS).map(async (end) => end(await openingJob('ends', place, never))));
    });
    const facts = factsOf(told, 'ends');
    assert.equal(facts.length, Object.keys(PLACES).length * Object.keys(ENDS).length);
    for (const { part, error } of facts) {
      assert.equal(error.code, 'TIMEOUT');
      assert.equal(error.message, `${part} has not given up its opening within 10 s`);
    }
  });

  it('is closed when it opens after the end of its job', async () => {
    await inAllPlaces(async (place) => {
      const gate = deferred<void>();
      const closed = deferred<void>();
      let isClosed = false;
      void closed.promise.then(() => {
        isClosed = true;
      });
      const job = await openingJob('opens late', place, async (port) => {
        await gate.promise;
        return Object.assign(port, { close: async () => closed.resolve() });
      });
      await job.cancel();
      await assert.rejects(job.join(), { code: 'ABORTED' });
      assert.equal(isClosed, false);
      gate.resolve();
      await closed.promise;
    });
  });

  it('may fail after the end of its job, which nobody is told', async () => {
    using told = new Told('close-failed');
    await inAllPlaces(async (place) => {
      const gate = deferred<never>();
      const job = await openingJob('fails late', place, () => gate.promise);
      await job.cancel();
      gate.reject(new Error('too late'));
      await turn();
    });
    assert.equal(factsOf(told, 'fails late').length, Object.keys(PLACES).length);
  });

  it('holds back no failure of another', async () => {
    const pipeline = Pipeline.create();
    const items = pipeline.readFrom(plainSource);
    items.writeTo(lateWriter.sink(never));
    items.writeTo(
      sinkOf(() => {
        throw new MillraceError('UNSUPPORTED', 'not here');
      }),
    );
    const job = Engine.embedded().newJob(pipeline, { restart: { maxAttempts: 0 } });
    await assert.rejects(job.join(), { code: 'UNSUPPORTED' });
  });
});

describe('a source or a sink whose opening listens to its signal', SUITE_LIMIT, () => {
  it('is waited for: a cancelled job has ended when it has', async () => {
    using told = new Told('close-failed');
    await inAllPlaces(async (place) => {
      let ended = false;
      const job = await openingJob('listens', place, async (_, { signal }) => {
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
        for (let turns = 0; turns < 5; turns += 1) await turn();
        ended = true;
        throw signal.reason;
      });
      await job.cancel();
      assert.ok(ended);
    });
    assert.deepEqual(told.events, []);
  });
});
