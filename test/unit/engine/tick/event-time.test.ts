import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, it } from 'node:test';
import { MillraceError } from '../../../../src/errors/index.js';
import { onDiagnostic } from '../../../../src/metrics/index.js';
import { Pipeline, Sinks, type Stage } from '../../../../src/pipeline/index.js';
import { ManualSource } from '../../../support/ends/manual-source.js';
import { MachineRig } from '../../../support/rigs/machine-rig.js';

const KINDS = ['stored', 'in memory'] as const;
const IDLE_MS = 1000;
/** Not further ahead of 0, when the sources say that they poll, than a timestamp may be. */
const NOON = 12 * 3600_000;
const NEVER = Number.POSITIVE_INFINITY;

const newSource = (name: string): ManualSource<string> =>
  new ManualSource<string>({ name, defaultGuarantee: 'exactly-once' });

/** Results of one call, in many portions. */
const MANY = 5000;

/** `a 5`: an item of key a with timestamp 5. */
const parts = (text: string) => {
  const [key = '', at = '0'] = text.split(' ');
  return { key, at: Number(at) };
};

/** Sets a timer 10 ms after each item, by event time, and says which items are late. */
const alarmed = (stage: Stage<string, true>, out: string[]): void => {
  stage
    .groupingKey((text) => parts(text).key)
    .flatMapStateful(
      () => ({}),
      (_state, _key, text, timers): readonly string[] => {
        const { at } = parts(text);
        if (at < timers.now) return [`late ${text}`];
        timers.set(`${at}`, at + 10);
        return [];
      },
      { clock: 'event', onTimer: (_state, key, { at }) => [`${key} ${at}`] },
    )
    .setName('alarms')
    .writeTo(Sinks.list(out));
};

const timed = (pipeline: Pipeline, { source }: ManualSource<string>): Stage<string, true> =>
  pipeline.readFrom(source).withTimestamps((text) => parts(text).at, 0, { idleTimeoutMs: IDLE_MS });

const oneSource = () => {
  const pipeline = Pipeline.create();
  const source = newSource('one');
  const out: string[] = [];
  alarmed(timed(pipeline, source), out);
  return { pipeline, source, out };
};

/** Two sources that meet. */
const twoSources = () => {
  const pipeline = Pipeline.create();
  const [one, other] = [newSource('one'), newSource('other')];
  const out: string[] = [];
  alarmed(timed(pipeline, one).merge(timed(pipeline, other)), out);
  return { pipeline, one, other, out };
};

/** What is told of idle streams while a test runs. */
const idleTold = async (work: () => Promise<void>): Promise<readonly unknown[]> => {
  const told: unknown[] = [];
  const listen = (fact: unknown): void => void told.push(fact);
  subscribe('millrace:stream-idle', listen);
  try {
    await work();
  } finally {
    unsubscribe('millrace:stream-idle', listen);
  }
  return told;
};

for (const kind of KINDS) {
  describe(`timers by event time, ${kind}`, () => {
    it('are due when items have come that are as late, whatever the clock of the machine says', async () => {
      const { pipeline, source, out } = oneSource();
      const rig = new MachineRig(pipeline, kind);
      await rig.open();
      source.push('a 100', 'b 105');
      await rig.settle(1_000_000);
      assert.deepEqual(out, []);
      source.push('c 114');
      await rig.settle(1_000_001);
      assert.deepEqual(out, ['a 110']);
      assert.match(
        rig.registry.toPrometheus(),
        /^millrace_job_event_time_seconds\{job="job",stage="time of one"\} 0\.114$/m,
      );
      source.push('c 200', 'd 199');
      await rig.settle(1_000_002);
      assert.deepEqual(out, ['a 110', 'late d 199', 'b 115', 'c 124']);
      await rig.close();
    });

    it('are all due when all sources have ended', async () => {
      const { pipeline, one, other, out } = twoSources();
      const rig = new MachineRig(pipeline, kind);
      await rig.open();
      one.push('a 100');
      other.push('b 5000');
      one.end();
      await rig.settle(0);
      assert.deepEqual(out, ['a 110'], 'the one that goes on has come as far');
      assert.ok(!rig.machine.finished);
      other.end();
      await rig.settle(1);
      assert.deepEqual(out, ['a 110', 'b 5010']);
      assert.ok(rig.machine.finished);
      await rig.close();
    });

    it('wait for the source that is behind, until that is idle, which is told once; what it brings then is late', async () => {
      const { pipeline, one, other, out } = twoSources();
      const rig = new MachineRig(pipeline, kind);
      await rig.open();
      const told = await idleTold(async () => {
        one.push('a 100', 'a 500');
        other.push('b 50');
        await rig.settle(10);
        assert.deepEqual(out, []);
        one.push('a 600');
        await rig.settle(900);
        assert.equal(rig.machine.deadline, 10 + IDLE_MS, 'it is looked at when the silent one will be idle');
        await rig.settle(10 + IDLE_MS);
        assert.deepEqual(out, ['b 60', 'a 110', 'a 510']);
        assert.equal(rig.machine.deadline, 900 + IDLE_MS);
        other.push('b 300');
        await rig.settle(1200);
        assert.deepEqual(out.slice(3), ['late b 300']);
        one.push('a 5000');
        await rig.settle(1210);
        assert.equal(out.length, 4, 'it holds the others back again');
      });
      assert.deepEqual(told, [{ job: 'job', stage: 'time of other' }]);
      await rig.close();
    });

    it('do not wait in silence for a source whose timestamps are in seconds', async () => {
      const { pipeline, one, other, out } = twoSources();
      const rig = new MachineRig(pipeline, kind);
      await rig.open();
      const told: unknown[] = [];
      using _ = onDiagnostic('stream-behind', (data) => told.push(data));
      for (let second = 0; second <= 300; second += 1) {
        const now = NOON + second * 1000;
        one.push(`a${second} ${now / 1000}`);
        other.push(`b${second} ${now}`);
        await rig.settle(now);
      }
      assert.deepEqual(out.slice(-1), [`a290 ${NOON / 1000 + 300}`], 'nothing of the other one is due');
      const watched = { watermarkMs: NOON / 1000 + 61, behindMs: 0.999 * NOON + 61 * 999, forMs: 61_000 };
      assert.deepEqual(told, [
        {
          job: 'job',
          partition: 0,
          stage: 'time of one',
          source: 'one',
          from: undefined,
          ...watched,
          ahead: 'time of other',
        },
      ]);
      await rig.close();
    });

    it('stands behind calls at the oldest that waits, also where a result leads to more than goes on at once', async () => {
      const pipeline = Pipeline.create();
      const source = newSource('one');
      const out: string[] = [];
      const answered = timed(pipeline, source)
        .mapAsync(async (text) => text)
        .setName('call')
        .flatMap((text) => (text.startsWith('b') ? Array.from({ length: MANY }, () => text) : [text]));
      alarmed(answered, out);
      const rig = new MachineRig(pipeline, kind);
      await rig.open();
      source.push('a 100', 'b 200', 'c 1000');
      await rig.settle(1);
      for (const { slot } of rig.calls) slot.settled = { kind: 'value', value: slot.item };
      await rig.settle(2);
      assert.deepEqual(out, ['a 110', 'b 210'], 'none of them is late');
      await rig.close();
    });

    it('stand still where all streams are idle', async () => {
      const { pipeline, one, other, out } = twoSources();
      const rig = new MachineRig(pipeline, kind);
      await rig.open();
      one.push('a 100');
      other.push('b 109');
      await rig.settle(0);
      await rig.settle(IDLE_MS);
      assert.deepEqual(out, [], 'the later of the two has come to 109');
      assert.equal(rig.machine.deadline, NEVER);
      await rig.close();
    });
  });
}

describe('event time of a job with a store', () => {
  it('ET1: is after a crash what it was at the last commit: what was late is late again', async () => {
    const { pipeline, source, out } = oneSource();
    const rig = new MachineRig(pipeline, 'stored');
    await rig.open();
    source.push('a 100', 'b 1000');
    await rig.settle(0);
    await rig.restart();
    source.push('d 999');
    await rig.settle(1);
    assert.deepEqual(out, ['a 110', 'late d 999']);
    source.push('c 5000');
    // without a commit: it comes again
    rig.machine.tick(2);
    await rig.restart();
    assert.deepEqual(out, ['a 110', 'late d 999']);
    await rig.settle(3);
    assert.deepEqual(out, ['a 110', 'late d 999', 'b 1010']);
    await rig.close();
  });

  it('knows after a restart which streams were idle, and what was reached where streams meet', async () => {
    const { pipeline, one, other, out } = twoSources();
    const rig = new MachineRig(pipeline, 'stored');
    await rig.open();
    one.push('a 100', 'a 200');
    other.push('b 50');
    await rig.settle(0);
    one.push('a 300');
    await rig.settle(IDLE_MS - 1);
    await rig.settle(IDLE_MS);
    await rig.restart();
    other.push('c 150');
    await rig.settle(5 * IDLE_MS);
    assert.deepEqual(out, ['b 60', 'a 110', 'a 210', 'late c 150']);
    await rig.restart();
    one.push('a 400');
    await rig.settle(5 * IDLE_MS + 1);
    assert.equal(out.length, 4, 'the other is not idle any more');
    await rig.close();
  });

  it('is refused where calls are stored that were made before items had a timestamp', async () => {
    const build = (withTime: boolean) => {
      const pipeline = Pipeline.create();
      const source = newSource('one');
      const read = pipeline.readFrom(source.source);
      const stage: Stage<string> = withTime ? read.withTimestamps((text) => parts(text).at, 0) : read;
      stage
        .mapAsync((text) => text)
        .setName('call')
        .writeTo(Sinks.noop());
      return { pipeline, source };
    };
    const before = build(false);
    const rig = new MachineRig(before.pipeline, 'stored');
    await rig.open();
    before.source.push('a 1');
    await rig.settle(0);
    await rig.crash();
    rig.pipeline = build(true).pipeline;
    await assert.rejects(rig.open(), (error: unknown) => {
      assert.ok(error instanceof MillraceError && error.code === 'JOB_CHANGED', String(error));
      assert.match(error.message, /stage "call" has stored calls of items without a timestamp/);
      return true;
    });
  });
});

it('a stage that goes by event time behind a stream without timestamps is refused', () => {
  const pipeline = Pipeline.create();
  const untimed = pipeline.readFrom(newSource('one').source);
  alarmed(timed(pipeline, newSource('other')).merge(untimed) as Stage<string, true>, []);
  assert.throws(
    () => pipeline.toGraph(),
    (error: unknown) => {
      assert.ok(error instanceof MillraceError && error.code === 'INVALID_OPTIONS');
      assert.match(error.message, /go by timestamps, and their items have none: alarms/);
      return true;
    },
  );
});
