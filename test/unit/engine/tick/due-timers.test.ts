import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type DeadLetter, defineSink, type Sink, type SinkWriter } from '../../../../src/connector/index.js';
import { Pipeline, Sinks } from '../../../../src/pipeline/index.js';
import { ManualSource } from '../../../support/ends/manual-source.js';
import { Destination, durableSink } from '../../../support/rigs/durable-sink-rig.js';
import { MachineRig } from '../../../support/rigs/machine-rig.js';

const HOUR = 3_600_000;
const NEVER = Number.POSITIVE_INFINITY;
const KINDS = ['stored', 'in memory'] as const;

/** `a 5`: a timer of key a at 5. */
const parts = (text: string) => {
  const [key = '', at = '0'] = text.split(' ');
  return { key, at: Number(at) };
};

interface Parts {
  readonly source: ManualSource<string>;
  readonly out: string[];
}

const alarms = (
  { source, out }: Parts,
  fired: (text: string) => readonly string[] = (text) => [text],
  sink: Sink<string> = Sinks.list(out),
): Pipeline => {
  const pipeline = Pipeline.create();
  pipeline
    .readFrom(source.source)
    .groupingKey((text) => parts(text).key)
    .flatMapStateful(
      () => ({ fired: 0 }),
      (_state, _key, text, timers) => {
        timers.set('alarm', parts(text).at);
        return [];
      },
      {
        onTimer: (state, key, { at }) => {
          state.fired += 1;
          return fired(`${key} ${at} ${state.fired}`);
        },
      },
    )
    .setName('alarms')
    .writeTo(sink);
  return pipeline;
};

/** A sink of a job without a store that takes nothing until it is open. */
class HeldSink implements SinkWriter<string> {
  open = false;
  readonly taken: string[] = [];
  readonly sink = defineSink<string>({
    name: 'held',
    claims: [],
    refuse: () => undefined,
    onError: 'fail',
    createWriter: async () => this,
  });

  write(items: readonly string[]): number {
    if (!this.open) return 0;
    this.taken.push(...items);
    return items.length;
  }

  flush(): void {}

  progress() {
    return { delivered: this.taken.length, rejected: [] };
  }

  ready(): Promise<void> {
    return Promise.resolve();
  }

  async close(): Promise<void> {}
}

const newParts = (): Parts => ({ source: new ManualSource<string>({ defaultGuarantee: 'exactly-once' }), out: [] });

for (const kind of KINDS) {
  describe(`due timers, ${kind}`, () => {
    it('fire when the time of the machine has come, in order, and say when the next is due', async () => {
      const ends = newParts();
      const rig = new MachineRig(alarms(ends), kind);
      await rig.open();
      assert.equal(rig.machine.deadline, NEVER);
      ends.source.push('b 70', 'a 70', 'c 20');
      await rig.settle(10);
      assert.equal(rig.machine.deadline, 20);
      await rig.settle(69);
      assert.deepEqual(ends.out, ['c 20 1']);
      assert.equal(rig.machine.deadline, 70);
      await rig.settle(500);
      assert.deepEqual(ends.out, ['c 20 1', 'a 70 1', 'b 70 1']);
      assert.equal(rig.machine.deadline, NEVER);
      await rig.close();
    });

    it('TM9: fire no more than there is room for behind them, and the rest as room comes', async () => {
      const { source } = newParts();
      const destination = new Destination();
      destination.confirming = false;
      const taking = new HeldSink();
      const sink = kind === 'stored' ? durableSink(destination) : taking.sink;
      const rig = new MachineRig(
        alarms({ source, out: [] }, (text) => [text], sink),
        kind,
      );
      rig.maxItemsInFlight = 20;
      rig.maxRows = 20;
      await rig.open();
      for (let index = 0; index < 100; index += 1) source.push(`k${index} 50`);
      await rig.settle(10);
      await rig.settle(60);
      const timers = rig.run.lanes.timedStages[0]?.plan.timers;
      assert.ok(timers?.pending === 80 || timers?.pending === 79, `${timers?.pending} are left`);
      assert.equal(rig.machine.deadline, NEVER, 'it waits for room, and not for time');
      taking.open = true;
      for (let rounds = 0; rounds < 10; rounds += 1) {
        destination.confirm();
        await rig.settle(60);
      }
      const fired = kind === 'stored' ? destination.items : taking.taken;
      assert.equal(new Set(fired).size, 100);
      assert.equal(fired.length, 100);
      await rig.close();
    });

    it('do not fire any more when the job drains', async () => {
      const ends = newParts();
      const rig = new MachineRig(alarms(ends), kind);
      await rig.open();
      ends.source.push('a 50');
      await rig.settle(10);
      rig.machine.stopPolling();
      assert.equal(rig.machine.deadline, NEVER);
      await rig.settle(60);
      assert.deepEqual(ends.out, []);
      assert.ok(rig.machine.idle);
      await rig.close();
    });

    it('keep a job whose sources have ended from its end, but for those that only forget a key', async () => {
      const ends = newParts();
      const pipeline = alarms(ends);
      const rig = new MachineRig(pipeline, kind);
      await rig.open();
      ends.source.push('a 50');
      ends.source.end();
      await rig.settle(10);
      assert.ok(rig.machine.done && !rig.machine.finished);
      await rig.settle(60);
      assert.ok(rig.machine.finished);
      await rig.close();
      const forgets = Pipeline.create();
      const other = new ManualSource<string>({ defaultGuarantee: 'exactly-once' });
      forgets
        .readFrom(other.source)
        .groupingKey((key) => key)
        .distinct({ forgetAfter: 1000 })
        .writeTo(Sinks.noop());
      const forgetting = new MachineRig(forgets, kind);
      await forgetting.open();
      other.push('a');
      other.end();
      await forgetting.settle(10);
      assert.ok(forgetting.machine.finished);
      await forgetting.close();
    });

    it('lead to results of mapAsync as items do', async () => {
      const { source, out } = newParts();
      const pipeline = Pipeline.create();
      pipeline
        .readFrom(source.source)
        .groupingKey((text) => parts(text).key)
        .mapStateful(
          () => ({}),
          (_state, _key, text, timers) => timers.set('t', parts(text).at),
          { onTimer: (_state, key, { at }) => `${key} ${at}` },
        )
        .setName('alarms')
        .mapAsync(async (text) => text)
        .setName('call')
        .writeTo(Sinks.list(out));
      const rig = new MachineRig(pipeline, kind);
      await rig.open();
      source.push('a 50', 'b 60');
      await rig.settle(10);
      await rig.settle(100);
      assert.deepEqual(
        rig.calls.map(({ slot }) => slot.item),
        ['a 50', 'b 60'],
      );
      assert.equal(rig.machine.idle, kind === 'stored', 'in memory the timer is complete when the call is');
      for (const { slot } of rig.calls) slot.settled = { kind: 'value', value: `${slot.item} done` };
      await rig.settle(100);
      assert.deepEqual(out, ['a 50 done', 'b 60 done']);
      assert.ok(rig.machine.idle);
      await rig.close();
    });

    it('name the timer that failed the job', async () => {
      const ends = newParts();
      const fail = (text: string): never => {
        throw new RangeError(text);
      };
      const rig = new MachineRig(alarms(ends, fail), kind);
      await rig.open();
      ends.source.push('a 50');
      await rig.settle(10);
      rig.machine.tick(60);
      const { halted } = rig.machine;
      assert.equal(halted?.code, 'USER_FUNCTION_FAILED');
      assert.match(
        halted.message,
        /stage "alarms" failed at the timer "alarm" of key "a" in stage "alarms", due at 50: a 50 1/,
      );
      assert.deepEqual({ ...halted.details }, { stage: 'alarms', timer: 'alarm', timerOf: 'alarms', key: 'a', at: 50 });
      assert.equal(rig.machine.deadline, NEVER);
      await rig.close();
    });
  });
}

describe('due timers of a job with a store', () => {
  it('fire after a restart that took an hour, once and in order', async () => {
    const ends = newParts();
    const rig = new MachineRig(alarms(ends), 'stored');
    await rig.open();
    ends.source.push('b 70', 'a 70', 'c 20', 'd 7200000');
    await rig.settle(10);
    await rig.restart();
    await rig.settle(HOUR);
    assert.deepEqual(ends.out, ['c 20 1', 'a 70 1', 'b 70 1']);
    await rig.restart();
    await rig.settle(HOUR);
    assert.equal(ends.out.length, 3);
    assert.equal(rig.machine.deadline, 2 * HOUR);
    await rig.close();
  });

  it('TM10: fire again after a crash before their commit, with the state as it was, and what they led to is there once', async () => {
    const ends = newParts();
    const rig = new MachineRig(alarms(ends), 'stored');
    await rig.open();
    ends.source.push('a 50', 'b 50');
    await rig.settle(10);
    for (let crashes = 0; crashes < 3; crashes += 1) {
      rig.machine.tick(60);
      await rig.restart();
    }
    assert.deepEqual(ends.out, []);
    await rig.settle(60);
    assert.deepEqual(ends.out, ['a 50 1', 'b 50 1']);
    await rig.close();
  });

  it('fire while nothing comes in, and their commit leaves nothing of them', async () => {
    const ends = newParts();
    const rig = new MachineRig(alarms(ends), 'stored');
    await rig.open();
    ends.source.push('a 50');
    await rig.settle(10);
    await rig.settle(60);
    await rig.crash();
    assert.deepEqual(
      (await rig.keys()).filter((key) => /^(timer|due)\/alarms\//.test(key)),
      [],
    );
    await rig.close();
  });

  it('T3: of a timer that leads to very much nothing counts before its end, wherever the run ends', async () => {
    const many = Array.from({ length: 40_000 }, (_, index) => `${index}`);
    for (let turns = 1; turns < 4; turns += 1) {
      const { source } = newParts();
      const destination = new Destination();
      const rig = new MachineRig(
        alarms({ source, out: [] }, () => many, durableSink(destination)),
        'stored',
      );
      await rig.open();
      source.push('a 50');
      await rig.settle(10);
      for (let turn = 0; turn < turns; turn += 1) await rig.turn(60);
      await rig.restart();
      await rig.settle(60);
      const bySeq = new Map(destination.arrived.map(({ seq, item }) => [seq, item]));
      assert.deepEqual([...bySeq.values()], many, `${turns} turns`);
      await rig.close();
    }
  });

  it('C1: when one fails, those before it are committed by the next run, and it stays set', async () => {
    const ends = newParts();
    const fired = (text: string): readonly string[] => {
      if (text.startsWith('poison')) throw new RangeError('no');
      return [text];
    };
    const rig = new MachineRig(alarms(ends, fired), 'stored');
    await rig.open();
    ends.source.push('a 10', 'poison 20', 'b 30');
    await rig.settle(5);
    for (let runs = 0; runs < 3; runs += 1) {
      await rig.settle(60);
      assert.match(rig.machine.halted?.message ?? '', /the timer "alarm"/);
      await rig.restart();
    }
    assert.deepEqual([...new Set(ends.out)], ['a 10 1']);
    await rig.crash();
    const due = (await rig.keys()).filter((key) => key.startsWith('due/alarms/'));
    assert.equal(due.length, 2, 'that which failed, and that behind it');
    await rig.close();
  });

  it('TM5: one that a stage gives up does not fire in the next run, and its letter has name, time and key', async () => {
    const { source, out } = newParts();
    const letters: DeadLetter[] = [];
    const deadLetter = defineSink<DeadLetter>({
      ...Sinks.list(letters),
      name: 'letters',
    });
    const pipeline = Pipeline.create();
    pipeline
      .readFrom(source.source)
      .groupingKey((text) => parts(text).key)
      .mapStateful(
        () => ({}),
        (_state, _key, text, timers) => timers.set('t', parts(text).at),
        {
          onTimer: (_state, key) => {
            if (key === 'poison') throw new RangeError('no');
            return key;
          },
          onError: { deadLetter },
        },
      )
      .setName('alarms')
      .writeTo(Sinks.list(out));
    const rig = new MachineRig(pipeline, 'stored');
    await rig.open();
    source.push('a 10', 'poison 20', 'b 30');
    await rig.settle(5);
    await rig.settle(60);
    await rig.restart();
    await rig.settle(70);
    assert.deepEqual(out, ['a', 'b']);
    assert.deepEqual(
      letters.map(({ attributes, origin }) => ({ attributes, origin })),
      [{ attributes: { item: { name: 't', at: 20 }, key: 'poison' }, origin: 'alarms' }],
    );
    await rig.close();
  });
});
