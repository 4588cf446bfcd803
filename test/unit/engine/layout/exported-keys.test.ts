import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { placeOfKey } from '../../../../src/engine/inspection/key-place.js';
import { EXPORTED, isExported } from '../../../../src/engine/layout/exported-keys.js';
import { type NamedKind, nameKey, namePrefix } from '../../../../src/engine/layout/keys/named-keys.js';
import { numberKey } from '../../../../src/engine/layout/keys/number-key.js';
import { storeKeys } from '../../../../src/engine/layout/keys/store-keys.js';
import { keysIn } from '../../../../src/engine/layout/stored-parts.js';
import { MemoryStores } from '../../../../src/store/index.js';

/** Of each kind that is stored under names, whether it is state of a stage, or what a source tells copies by. */
const NAMED: Readonly<Record<NamedKind, boolean>> = {
  state: true,
  keys: false,
  timer: true,
  due: true,
  early: true,
  'early-due': true,
  async: true,
  dedupe: true,
};

/** A key of each other kind. */
const OTHERS: Readonly<Record<Exclude<keyof typeof storeKeys, 'outboxesEnd' | 'chunksEnd'>, string>> = {
  job: storeKeys.job,
  careful: storeKeys.careful,
  reached: storeKeys.reached,
  eventTimes: storeKeys.eventTimes,
  source: storeKeys.source('state'),
  pages: `${storeKeys.pages('state')}0`,
  page: storeKeys.page('state', '1'),
  record: storeKeys.record('state', 'due'),
  outboxes: `${storeKeys.outboxes}state/async`,
  outbox: storeKeys.outbox('state', 'due'),
  chunks: `${storeKeys.chunks('state', 'due')}${numberKey(1)}`,
};

const namedKeys = (kind: NamedKind): readonly string[] => [nameKey(kind, 'job'), `${namePrefix(kind, 'job')}sa`];

const KINDS = (Object.keys(NAMED) as NamedKind[]).sort();
const OF_STAGES = [...KINDS.filter((kind) => NAMED[kind]).flatMap(namedKeys), storeKeys.eventTimes];
const ALL = [...new Set([...KINDS.flatMap(namedKeys), ...Object.values(OTHERS)])];

describe('what a snapshot may have', () => {
  it('R18: of all kinds of keys it is what stages keep, how far event time had come, and known keys', () => {
    for (const key of ALL) assert.notEqual(placeOfKey(key), undefined, `${key} is of no kind`);
    assert.deepEqual(ALL.filter(isExported).sort(), [...OF_STAGES].sort());
  });

  it('G2: what is removed of one that was cut off is all that there may be of it, and nothing else', async () => {
    const store = await new MemoryStores().open('job', 0);
    await store.commit(new Map(ALL.map((key) => [key, new Uint8Array(1)])));
    assert.deepEqual([...keysIn(store, EXPORTED)].sort(), [...OF_STAGES].sort());
    await store.close();
  });
});
