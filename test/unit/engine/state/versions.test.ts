import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KeyedStates } from '../../../../src/engine/state/keyed-states.js';
import { type StateCodec, StateCodecs } from '../../../../src/pipeline/index.js';
import { LIMIT } from '../../../support/limits.js';
import { StateStore } from '../../../support/store/state-store.js';

const LIMITS = { maxEntries: 2, maxBytes: 1e6 };
const BUNDLES = { fewest: 2, maxStates: 4, maxBytes: 1e6 };

/** A store whose stage `s` is opened with whatever codec is current. */
class Stage {
  codec: StateCodec<unknown> = StateCodecs.structuredClone();
  readonly rig = new StateStore(
    (overlay, store) =>
      new KeyedStates({
        stages: [{ name: 's', codec: this.codec, timed: false }],
        overlay,
        store,
        limits: LIMITS,
        bundles: BUNDLES,
      }),
  );

  get state() {
    return this.rig.subject.stateOf({ name: 's', codec: this.codec, timed: false });
  }

  async commit(): Promise<void> {
    this.rig.seal();
    await this.rig.commit();
  }
}

const withStage = async (run: (stage: Stage) => Promise<void>): Promise<void> => {
  const stage = new Stage();
  await stage.rig.start();
  try {
    await run(stage);
  } finally {
    await stage.rig.stop();
  }
};

test(
  'a codec of another version is refused at the start when the store has states, and not when it has none',
  LIMIT,
  () =>
    withStage(async (stage) => {
      stage.codec = StateCodecs.structuredClone({ version: 3 });
      await stage.rig.restart();
      stage.state.set('k', { n: 1 });
      await stage.commit();
      stage.codec = StateCodecs.structuredClone({ version: 4 });
      await assert.rejects(stage.rig.restart(), (error: Error & { code?: string }) => {
        assert.equal(error.code, 'JOB_CHANGED');
        assert.match(error.message, /^the state of stage "s" was stored by version 3 of its codec, which is now at 4$/);
        return true;
      });
    }),
);

test(
  'states of an older version are upgraded when they are read, and stay what they were until they change',
  LIMIT,
  () =>
    withStage(async (stage) => {
      for (const key of ['a', 'b', 'c']) stage.state.set(key, { n: 1 });
      await stage.commit();
      let upgrades = 0;
      const upgrade = (old: unknown, version: number): unknown => {
        upgrades += 1;
        return { from: version, ...(old as object) };
      };
      stage.codec = StateCodecs.structuredClone({ version: 1, upgrade });
      await stage.rig.restart();
      assert.deepEqual(stage.state.get('a'), { from: 0, n: 1 });
      stage.state.set('a', { n: 2 });
      await stage.commit();
      await stage.rig.restart();
      assert.deepEqual([stage.state.get('a'), stage.state.get('b')], [{ n: 2 }, { from: 0, n: 1 }]);
      assert.equal(upgrades, 2);
      stage.codec = StateCodecs.structuredClone({ version: 1 });
      await assert.rejects(stage.rig.restart(), { code: 'JOB_CHANGED' });
    }),
);

test(
  'an upgrade that gives no state, or a promise of one, fails the job: the key would begin anew in silence',
  LIMIT,
  () =>
    withStage(async (stage) => {
      stage.state.set('a', { n: 1 });
      await stage.commit();
      for (const [upgrade, message] of [
        [() => undefined, /stage "s" cannot be read from the store: upgrade gave no state/],
        [async () => ({ n: 2 }), /stage "s" cannot be read from the store: upgrade returned a promise/],
      ] as const) {
        stage.codec = StateCodecs.structuredClone<unknown>({ version: 1, upgrade });
        await stage.rig.restart();
        assert.throws(() => stage.state.get('a'), { code: 'USER_FUNCTION_FAILED', message });
      }
    }),
);

test('a state goes through every version that it was left in: one upgrade is told of each', LIMIT, () =>
  withStage(async (stage) => {
    for (const key of ['a', 'b', 'c']) stage.state.set(key, { from: [0] });
    await stage.commit();
    for (const version of [1, 2]) {
      const upgrade = (old: unknown, was: number): unknown => ({ from: [...(old as { from: number[] }).from, was] });
      stage.codec = StateCodecs.structuredClone({ version, upgrade });
      await stage.rig.restart();
      const key = version === 1 ? 'a' : 'b';
      stage.state.set(key, stage.state.get(key));
      await stage.commit();
    }
    assert.deepEqual(
      ['a', 'b', 'c'].map((key) => stage.state.get(key)),
      [{ from: [0, 0, 1] }, { from: [0, 0] }, { from: [0, 0] }],
    );
  }),
);

test('a state that cannot be stored fails the seal with the name of its stage and the path', LIMIT, () =>
  withStage(async (stage) => {
    stage.state.set('k', { on: { click: () => 1 } });
    assert.throws(() => stage.rig.seal(), {
      code: 'STATE_NOT_STORABLE',
      message: 'the state of stage "s" cannot be stored: .on.click is a function (click)',
    });
  }),
);

test('a codec of the user that throws fails the job with the name of its stage', LIMIT, () =>
  withStage(async (stage) => {
    const fail = (): never => {
      throw new Error('no');
    };
    const bytes = (): Uint8Array => new Uint8Array([7]);
    stage.codec = { version: 0, encode: fail, decode: fail };
    await stage.rig.restart();
    stage.state.set('k', {});
    assert.throws(() => stage.rig.seal(), {
      code: 'USER_FUNCTION_FAILED',
      message: 'the state of stage "s" cannot be stored: its codec failed: no',
    });
    stage.codec = { version: 0, encode: bytes, decode: fail };
    await stage.rig.restart();
    stage.state.set('k', {});
    await stage.commit();
    await stage.rig.restart();
    assert.throws(() => stage.state.get('k'), { code: 'USER_FUNCTION_FAILED' });
  }),
);

test(
  'an async codec, and one that makes no bytes, fail the job with the name of its stage, and nothing is stored',
  LIMIT,
  () =>
    withStage(async (stage) => {
      const lost = (() => Promise.reject(new Error('nobody waits for it'))) as never;
      for (const [encode, message] of [
        [lost, /stage "s" cannot be stored: encode returned a promise/],
        [() => 'text' as never, /stage "s" cannot be stored: encode gave no Uint8Array/],
      ] as const) {
        stage.codec = { version: 0, encode, decode: () => 1 };
        await stage.rig.restart();
        stage.state.set('k', {});
        assert.throws(() => stage.rig.seal(), { code: 'USER_FUNCTION_FAILED', message });
      }
    }),
);

test('a codec gets back the bytes that it made, and no others', LIMIT, () =>
  withStage(async (stage) => {
    const asked: Uint8Array[] = [];
    stage.codec = {
      version: 513,
      encode: (state) => new TextEncoder().encode(String(state)),
      decode: (bytes) => {
        asked.push(bytes);
        return new TextDecoder().decode(bytes);
      },
    };
    await stage.rig.restart();
    stage.state.set('short', 'one');
    stage.state.set('k'.repeat(2000), 'two');
    await stage.commit();
    await stage.rig.restart();
    assert.equal(stage.state.get('short'), 'one');
    assert.equal(stage.state.get('k'.repeat(2000)), 'two');
    assert.deepEqual(
      asked.map((bytes) => bytes.byteLength),
      [3, 3],
    );
  }),
);

test('a stage whose name cannot be a key is refused', LIMIT, async () => {
  for (const name of ['', '\ud800', 'x'.repeat(501)]) {
    const rig = new StateStore(
      (overlay, store) =>
        new KeyedStates({
          stages: [{ name, codec: StateCodecs.structuredClone(), timed: false }],
          overlay,
          store,
          limits: LIMITS,
          bundles: BUNDLES,
        }),
    );
    await assert.rejects(rig.start(), { code: 'INVALID_OPTIONS' });
    await rig.stop();
  }
});

test('memory keeps a bounded number of clean states, and every changed one', LIMIT, () =>
  withStage(async (stage) => {
    const keys = Array.from({ length: 300 }, (_, index) => index);
    for (const key of keys) stage.state.set(key, { key });
    assert.ok(stage.rig.subject.changedBytes > 300 * 100);
    for (const key of keys) assert.deepEqual(stage.state.get(key), { key });
    await stage.commit();
    const first = stage.state.get(0);
    for (const key of keys) stage.state.get(key);
    assert.notEqual(stage.state.get(0), first, 'it was read again');
    assert.equal(stage.state.get(0), stage.state.get(0));
  }),
);
