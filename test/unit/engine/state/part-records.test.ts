import assert from 'node:assert/strict';
import { it } from 'node:test';
import { decodeStage, encodeStage } from '../../../../src/engine/layout/values/stage-record.js';
import { decodeStored } from '../../../../src/engine/layout/values/stored-value.js';
import { KeyedStates } from '../../../../src/engine/state/keyed-states.js';
import type { StatefulStage } from '../../../../src/pipeline/stage-state.js';
import { StateStore } from '../../../support/store/state-store.js';

/** A state is a list of texts: all but the last one are in parts. */
class Texts {
  texts: string[] = [];
  inParts = 0;
  made: string | undefined;
}

const bytesOf = (text: string): Uint8Array => Buffer.from(text);
const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
const texts = (state: unknown): Texts => state as Texts;

const STAGE: StatefulStage = {
  name: 's',
  timed: false,
  codec: {
    version: 0,
    encode: (state) => bytesOf(`0 ${texts(state).texts.join(' ')}`),
    decode: (bytes) => {
      const [inParts, ...rest] = textOf(bytes).split(' ');
      return Object.assign(new Texts(), { texts: rest, inParts: Number(inParts) });
    },
  },
  parts: {
    encodeRest: (state) => {
      const { texts: all, inParts } = texts(state);
      texts(state).made = all.length - inParts > 1 ? all[inParts] : undefined;
      if (texts(state).made !== undefined) texts(state).inParts += 1;
      return bytesOf([texts(state).inParts, ...all.slice(texts(state).inParts)].join(' '));
    },
    newPart: (state) => (texts(state).made === undefined ? undefined : bytesOf(texts(state).made ?? '')),
    rangeOf: (state) => ({ first: 0, end: texts(state).inParts }),
    sizeOf: () => 100,
    codec: { version: 0, encode: (part) => bytesOf(String(part)), decode: textOf },
    join: (state, parts) => {
      texts(state).texts.unshift(...(parts as string[]));
    },
  },
};

const LIMITS = { maxEntries: 100, maxBytes: 1e6 };
const BUNDLES = { fewest: 1_000, maxStates: 0, maxBytes: 0 };

const opened = async () => {
  const rig = new StateStore(
    (overlay, store) => new KeyedStates({ stages: [STAGE], overlay, store, limits: LIMITS, bundles: BUNDLES }),
  );
  await rig.start();
  const state = () => rig.subject.stateOf(STAGE);
  const add = async (key: string, text: string): Promise<void> => {
    const value = texts(state().get(key) ?? new Texts());
    value.texts.push(text);
    state().set(key, value);
    rig.seal();
    await rig.commit();
  };
  return { rig, state, add };
};

const parts = (keys: readonly string[]): readonly string[] => keys.filter((key) => key.startsWith('state/s/p'));

it('SR1: a state with parts is whole after a restart, and its parts are no keys', async () => {
  const { rig, state, add } = await opened();
  const long = 'x'.repeat(5_000);
  for (const text of ['one', 'two', 'three']) {
    await add('k', text);
    await add(long, text);
  }
  assert.equal(parts(rig.keys()).length, 4);
  await rig.restart();
  assert.deepEqual(texts(state().get('k')).texts, ['one', 'two', 'three']);
  assert.deepEqual(texts(state().get(long)).texts, ['one', 'two', 'three']);
  // of a snapshot the keys are counted anew
  await rig.store.commit(new Map([['keys/s', undefined]]));
  await rig.restart();
  assert.equal(state().size, 2);
  await rig.stop();
});

it('SR1: the parts of a key go with its state', async () => {
  const { rig, state, add } = await opened();
  for (const text of ['one', 'two', 'three']) await add('k', text);
  await add('other', 'one');
  await add('other', 'two');
  await rig.restart();
  state().remove('k');
  rig.seal();
  await rig.commit();
  assert.deepEqual(parts(rig.keys()), ['state/s/psother/0000000000000000']);
  await rig.stop();
});

it('a part that is missing is STORE_CORRUPT', async () => {
  const { rig, state, add } = await opened();
  for (const text of ['one', 'two']) await add('k', text);
  await rig.store.commit(new Map([[parts(rig.keys())[0] ?? '', undefined]]));
  await rig.restart();
  assert.throws(() => state().get('k'), { code: 'STORE_CORRUPT', message: /part 0 of a state is missing/ });
  await rig.stop();
});

it('a stage that has parts is refused by a version that knows none', async () => {
  const { rig, add } = await opened();
  await add('k', 'one');
  assert.equal(decodeStage(rig.store.get('state/s')).parted, false);
  await add('k', 'two');
  assert.equal(decodeStage(rig.store.get('state/s')).parted, true);
  assert.throws(() => decodeStored(rig.store.get('state/s') ?? new Uint8Array()), { code: 'STORE_CORRUPT' });
  const all = { versions: [1], bundled: true, parted: true, windows: { lengths: [1, 2] } };
  assert.deepEqual(decodeStage(encodeStage(all)), all);
  await rig.stop();
});

it('a stage whose record is of a later form is refused as that of a newer version, not as damage', () => {
  const later = encodeStage({ versions: [1], bundled: true, parted: true });
  for (const at of [0, 1, 2])
    assert.throws(() => decodeStage(Uint8Array.of(...later.subarray(0, at), 5, ...later.subarray(at))), {
      code: 'STORE_VERSION',
      advice: /Run the version of Millrace that wrote it/,
    });
  assert.throws(() => decodeStage(Uint8Array.of(0)), { code: 'STORE_CORRUPT' });
});
